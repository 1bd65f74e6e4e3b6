"""Which files of earlier versions were taken over."""

from sqlalchemy import Table

from rerank_core.storage.schema.columns import metadata, text, whole

taken_over = Table("taken_over", metadata, text("file", key=True), text("taken"), whole("rows"))
