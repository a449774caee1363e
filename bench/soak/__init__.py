"""A long mixed load on a real guard, watched from outside: does it hold, and stays closed what is closed?"""
