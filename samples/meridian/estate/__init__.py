"""The estate of Meridian Freight beyond AWS and its cluster, a module a platform; see ../generate-2026-q2.py."""
