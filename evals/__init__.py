"""Measuring engines and judging their answers, free of web server, queue, database and engine imports."""
