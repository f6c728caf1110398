"""Who is told what, where and when: the routing tree, the senders, and the loop that delivers."""
