"""The verification page: for a clerk or a citizen, without login, also without JavaScript."""
