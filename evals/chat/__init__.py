"""The suite ``chat``: does a question become the right query, and the answer the right rows?"""
