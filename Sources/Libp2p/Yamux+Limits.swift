import NIOCore

extension Yamux {
    package struct Limits: Sendable {
        /// Streams the peer may have open, and as many of ours.
        package var streamsMax = 1024
        /// Streams opened and not yet acknowledged, per direction: the accept backlog of the field.
        package var backlogMax = 256
        /// A receive window starts at `Yamux.initialWindow` and may double up to this.
        package var windowMax = 4 << 20
        /// Unread bytes of all live streams together; a stream beyond it is reset. The host may allow less.
        package var unreadMax = 16 << 20
        /// A window used up faster than this is too small.
        package var growthInterval = TimeAmount.milliseconds(200)
        /// Answers (pong, reset) owed while the peer does not read.
        package var answersMax = 1024
        /// Pongs owed while the peer does not read; more pings go unanswered.
        package var pongsMax = 32
        package init() {}
    }
}
