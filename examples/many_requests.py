"""Answer many requests side by side; one that fails stops none of the others."""

import rerank_core as rc

PAGES = ["How to reset your password", "Reading an invoice", "Deleting an account", "Inviting your team"]
QUESTIONS = {
    "how do I invite a colleague to my team": "local-keyword",
    "where is my invoice": "local-keyword",
    "delete my account": "no-such-model",  # this one fails
}

requests = [rc.RerankRequest(question, PAGES, model=model, top_n=1) for question, model in QUESTIONS.items()]
failed = 0
with rc.Client("local", max_concurrency=4) as client:
    for outcome in client.rerank_many(requests):  # as they finish, in any order
        assert outcome.request is not None
        question = outcome.request.query
        if isinstance(outcome, rc.RerankError):
            failed += 1
            again = "try again later" if outcome.retryable else outcome.hint
            print(f"{question}: failed. {outcome.message} {again}")
        else:
            print(f"{question}: {outcome.results[0].document.text}")
print(f"{len(requests) - failed} answered, {failed} failed")
