"""Who asks a node for something, and whether they may have it.

`principals` says who, `access` what each role may do to which object; nothing else decides that.
"""
