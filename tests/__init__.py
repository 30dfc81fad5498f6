"""Tests; a package, so that they find the checkout's root however they are started."""
