"""The demonstration: four provinces, one certificate's life, and attacks that must fail."""
