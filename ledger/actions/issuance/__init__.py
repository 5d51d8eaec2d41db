"""Issuing certificates: from a clerk's rows to certificates anchored on the ledger."""
