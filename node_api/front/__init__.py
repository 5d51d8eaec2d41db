"""A front process: answers the hot reads itself and passes everything else to the core."""
