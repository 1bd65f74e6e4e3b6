"""Ask a hosted provider from asyncio, and never spend more than a limit.

The key and the address come from GATEFLOW_API_KEY and GATEFLOW_BASE_URL; they are never printed.
"""

import asyncio
import sys
from decimal import Decimal

import rerank_core as rc
from rerank_core.pricing.budget import Budget
from rerank_core.pricing.estimates import upper_bound

PAGES = ["How to reset your password", "Reading an invoice", "Deleting an account"]
QUESTIONS = ["I forgot my password", "What did I pay in May?", "Please remove my data"]
RETRIES = 1


async def main() -> None:
    budget = Budget(limit=Decimal("0.003"))  # US dollars
    async with rc.AsyncClient("gateflow", timeout=10, max_retries=RETRIES) as client:
        for question in QUESTIONS:
            most = upper_bound(rc.estimate_cost("gateflow", None, question, PAGES), RETRIES)
            try:
                reserved = budget.reserve(most)
            except rc.SpendingLimitError as error:
                print(error)
                break
            try:
                response = await client.rerank(question, PAGES, top_n=1)
            except rc.RerankError as error:
                if error.maybe_billed:
                    budget.settle(reserved, None)
                else:
                    budget.release(reserved)
                print(error)
                break
            budget.settle(reserved, response.cost.amount, in_doubt=response.cost.in_doubt)
            print(f"{question}: {response.results[0].document.text} ({response.cost.amount} {response.cost.currency})")
    now = budget.now()
    print(f"spent {now.spent}, left {now.remaining}")


try:
    asyncio.run(main())
except rc.ConfigurationError as error:  # no key
    sys.exit(str(error))
