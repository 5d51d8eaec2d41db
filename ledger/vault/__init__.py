"""The private, irreplaceable store of an issuing node: certificates, their keys, what was sent.

Imports nothing itself, so that a sealing worker can take `ledger.vault.cipher` without a database.
Everyone else begins at `ledger.vault.store.Vault`. Knows neither the chain nor any file outside its
own directory.
"""
