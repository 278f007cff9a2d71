"""What people and forges reach by HTTP; processes of their own that hold no key and talk to the controller's socket."""
