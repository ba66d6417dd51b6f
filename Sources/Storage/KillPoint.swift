#if STYX_KILL_POINTS
    import Foundation
    import Synchronization

    /// Places between what a node writes and what it lets others see, where a test has the process killed. In debug
    /// builds only (Package.swift): a release has neither the places nor this file.
    ///
    /// `STYX_KILL_AT=vote:3` has the process end itself by SIGKILL when it comes by `vote` for the third time. Who adds
    /// an effect that commits us gives it a point in `Effect+KillPoints.swift`.
    package enum KillPoint: String, CaseIterable, Sendable {
        // Start and recovery, in this order.
        /// The journal's file is open and swept, nothing is read of it.
        case journalOpened = "journal-opened"
        /// All of it is read, and the workflow knows nothing of it yet.
        case journalRead = "journal-read"
        /// The workflow took it up; what follows at once is done, nothing of it is committed.
        case restored

        // A commit, in this order.
        /// Records are gathered; the journal has not got them.
        case commitBegins = "commit-begins"
        /// They are written, in a transaction that is open.
        case rowsWritten = "rows-written"
        /// The transaction is on disk, and nobody has heard of it.
        case committed

        // Before and after each kind of effect that waits for a commit. What is sent is with the kernel or on its way.
        case vote
        case voteSent = "vote-sent"
        case decision
        case decisionSent = "decision-sent"
        case share
        case shareSent = "share-sent"
        case shareAgain = "share-again"
        case shareAgainSent = "share-again-sent"
        case serve
        case served
        /// The word to a validator client that its share is safe.
        case safe
        case saidSafe = "said-safe"
        case broadcast
        case broadcastSent = "broadcast-sent"
        /// Before the signer is asked: decided and durable, not signed.
        case sign

        /// At which point the process ends, and when it comes by how often.
        private static let order: (point: KillPoint, pass: Int)? = {
            guard let text = ProcessInfo.processInfo.environment["STYX_KILL_AT"] else { return nil }
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, let point = KillPoint(rawValue: String(parts[0])), let pass = Int(parts[1]),
                pass > 0
            else { preconditionFailure("STYX_KILL_AT is \(text): write a point and a count, e.g. vote:3") }
            return (point, pass)
        }()

        private static let passes = Atomic<Int>(0)

        /// Comes by; perhaps never returns.
        package func pass() {
            guard let order = Self.order, order.point == self else { return }
            guard Self.passes.add(1, ordering: .relaxed).newValue == order.pass else { return }
            kill(getpid(), SIGKILL)
            while true { sleep(1) }  // the signal is on its way
        }

        /// A mutant: effects happen before their records are durable. It shows that a test would see it.
        package static let releasesEarly = ProcessInfo.processInfo.environment["STYX_KILL_MUTANT"] == "release-early"
    }
#endif
