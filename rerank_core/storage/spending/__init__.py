"""The ledger of spending: what calls of services cost, held to a budget before each is sent."""

from rerank_core.storage.spending.ledger import DaySums, LedgerFilter
from rerank_core.storage.spending.purse import HeldCall, LedgerPurse
from rerank_core.storage.spending.rows import LedgerCall
from rerank_core.storage.spending.store import SpendingStore

__all__ = ["DaySums", "HeldCall", "LedgerCall", "LedgerFilter", "LedgerPurse", "SpendingStore"]
