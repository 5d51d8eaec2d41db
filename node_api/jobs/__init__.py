"""Jobs: whole files that are issued, and lists of certificates whose status changes."""
