//! Nothing lives here: the stories are in `tests/stories/`, one behaviour a file, told to
//! the real program over real sockets.
