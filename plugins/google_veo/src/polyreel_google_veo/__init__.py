"""The provider ``google``; everything begins in :mod:`polyreel_google_veo.plugin`."""
