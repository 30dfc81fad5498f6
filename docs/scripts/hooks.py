"""What MkDocs calls while it builds the site: pages and pictures that are made from the program."""

from __future__ import annotations

import logging
import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import gallery
import options_page

log = logging.getLogger("mkdocs.plugins.nbport")
# what a browser loads by itself when it shows a page
LOADED = re.compile(r"""<(?:script|img|iframe|source)\b[^>]*?\bsrc=["']?((?:https?:)?//[^"'\s>]+)"""
                    r"""|<link\b(?![^>]*rel=["']?canonical)[^>]*?\bhref=["']?((?:https?:)?//[^"'\s>]+)""")  # fmt: skip


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    made: dict[str, str | bytes] = {"options.md": options_page.options_page(), "gallery.md": gallery.gallery_page()}
    made |= gallery.pictures()
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Warn of everything that a page would load from the network."""
    for script, link in LOADED.findall(output):
        log.warning("%s would load %s", page.file.src_path, script or link)
    return output
