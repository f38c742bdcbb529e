"""The pages and files the server itself shows: the start page and the widget's immutable assets."""
