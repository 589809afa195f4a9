"""HTTP in threads for many clients at once."""

from http.server import ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """Lets many connections wait to be taken, as a store does; the library's own lets five."""

    request_queue_size = 128
