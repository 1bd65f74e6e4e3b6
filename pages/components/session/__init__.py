"""State: what one visitor's session holds, and what all sessions of this server share.

Every key of a widget, every name in the address and every shared store is in here, so that no two pages keep the same
fact twice.
"""
