"""The public and disposable copy of what the chain recorded, made to be asked.

`projector` (pure) turns recorded events into rows, `store` keeps and answers them, `sync` follows
the chain and proves by the log's root that nothing is missing. Nothing here needs a backup: it is
rebuilt from the chain.
"""
