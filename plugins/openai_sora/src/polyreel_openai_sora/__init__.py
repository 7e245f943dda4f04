"""The provider ``openai``; everything begins in :mod:`polyreel_openai_sora.plugin`."""
