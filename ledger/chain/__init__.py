"""The only home of web3: what the chain says, and how a signed act gets onto it.

`engines` connects, `gateway` reads, `submitter` writes, `deployment` founds a ledger, `refusals`
turns what a chain library raises into errors of ours. What the answers mean is left to `index`
and `actions`.
"""
