import DutyWorkflow
import Logging
import PeerProtocols
import Synchronization

/// Lines about what peers do all day, such as coming and going. None is a fault, but a peer decides how often: the first of
/// each peer and message is told, then one in a while with the number of those between; the rest is for who debugs.
final class PeerNews: Sendable {
    private let log = Mutex(FaultLog())
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    /// - Parameter message: without facts, so that the messages of a peer can be counted.
    func tell(
        _ level: Logger.Level, _ message: StaticString, of peer: PeerIndex, _ facts: Logger.Metadata = [:],
        at now: ContinuousClock.Instant = .now
    ) {
        var metadata = facts
        metadata["peer"] = "\(peer)"
        switch log.withLock({ $0.note("\(message)", of: peer, at: now) }) {
        case .tell(let suppressed):
            if suppressed > 0 { metadata["alike_since_last"] = "\(suppressed)" }
            logger.log(level: level, "\(message)", metadata: metadata)
        case .keepQuiet: logger.debug("\(message)", metadata: metadata)
        }
    }
}
