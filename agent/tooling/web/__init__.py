"""The public web as tools reach it: judged addresses, bounded answers, pages as text."""
