#!/bin/sh
# langchain-text-splitters 1.1.3: MarkdownHeaderTextSplitter strips the front of every line, inside fenced code too.
#
# Help articles show settings as YAML, whose nesting is its indentation, and steps as nested lists. Both come out flat,
# so a passage says something else than the article did, and nothing tells.
# Seen: of "server:\n  port: 80\n  tls:\n    on: true" within a fence all four lines begin at the margin, and "   - sub"
# under a numbered item becomes an item beside it. ExperimentalMarkdownSyntaxTextSplitter of the same package keeps both.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check langchain-text-splitters==1.1.3
"$folder/env/bin/python" - <<'PY'
from langchain_text_splitters import ExperimentalMarkdownSyntaxTextSplitter, MarkdownHeaderTextSplitter

nested = "server:\n  port: 80\n  tls:\n    on: true\n"
article = f"# Setup\n\n```yaml\n{nested}```\n\n1. one\n   - sub\n"
usual = MarkdownHeaderTextSplitter([("#", "title")]).split_text(article)[0].page_content
other = "".join(passage.page_content for passage in ExperimentalMarkdownSyntaxTextSplitter().split_text(article))
print(repr(usual))
assert nested not in usual and "server:\nport: 80\ntls:\non: true\n" in usual, "the behaviour has changed"
assert "1. one\n- sub" in usual, "the behaviour has changed"
assert nested in other and "   - sub" in other
PY
