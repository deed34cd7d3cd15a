package child

import "golang.org/x/sys/unix"

// What we and the leader of a terminal's session say to each other: packets of
// two bytes, of which the second is a number.
const (
	saySignal = 's' // to the leader: signal the command
	sayFront  = 'f' // to the leader: 1, the command has the keyboard; 0, it has not
	tellBegun = 'b' // from the leader: the command runs
	tellError = 'e' // it does not: an error number
	tellStop  = 't' // it was stopped by a signal
	tellExit  = 'x' // it has exited with a code
	tellKill  = 'k' // it was ended by a signal
)

// say sends a packet. Who is not there any more need not hear it.
func say(fd int, what, n byte) {
	_ = unix.Sendmsg(fd, []byte{what, n}, nil, nil, unix.MSG_NOSIGNAL)
}

// hear waits for a packet. At the end what is 0. Who goes without having read all that
// was said to it makes the next read fail, once: what it said last is still there.
func hear(fd int) (what byte, n int) {
	var p [2]byte
	k, err := retry(unix.Read, fd, p[:])
	if err == unix.ECONNRESET {
		k, err = retry(unix.Read, fd, p[:])
	}
	if k < len(p) || err != nil {
		return 0, 0
	}
	return p[0], int(p[1])
}
