"""What the chain says, and how a signed act gets onto it: JSON-RPC and nothing heavier.

`engines` connects, `client` asks, `gateway` reads, `log_reading` pairs events with log entries,
`submitter` writes with an account of `accounts`, `deployment` founds a ledger, `artifacts` has the
contracts, `refusals` turns what a chain refuses into errors of ours. What the answers mean is left
to `index` and `actions`.
"""
