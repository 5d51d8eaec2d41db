"""`make up`: an embedded chain and the nodes of two provinces, with synthetic data, to try out."""
