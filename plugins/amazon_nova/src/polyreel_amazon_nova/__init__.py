"""The provider ``amazon``; everything begins in :mod:`polyreel_amazon_nova.plugin`."""
