"""The debugger: watches, goes back in time, and speaks to people and to gdb."""
