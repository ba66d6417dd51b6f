/// Why a ceremony ends at its synchronisation. Each is somebody's matter, and restarting one node alone mends none.
package enum SyncFault: Error, Equatable, Sendable {
    case version(peer: ParticipantIndex, theirs: String, ours: String)
    /// Another definition, or another identity key.
    case definition(peer: ParticipantIndex)
    /// The first step a peer reports is its last one before it was connected.
    case initialStep(peer: ParticipantIndex, step: Int)
    /// A peer that has forgotten what it did.
    case behind(peer: ParticipantIndex, step: Int, last: Int)
    case ahead(peer: ParticipantIndex, step: Int, last: Int)
    /// A peer that went on without us.
    case apart(peer: ParticipantIndex, step: Int, ours: Int)
    /// What the peer's server says of us, or of somebody else; printable.
    case refused(by: ParticipantIndex, String)

    package var culprit: ParticipantIndex {
        switch self {
        case .version(let peer, _, _), .definition(let peer), .initialStep(let peer, _), .behind(let peer, _, _),
            .ahead(let peer, _, _), .apart(let peer, _, _), .refused(let peer, _):
            peer
        }
    }

    /// What the peer is told: Charon's words where they are known (vectors/dkg, sync-*).
    var answer: String {
        switch self {
        case .version(_, let theirs, let ours): "mismatching charon version; expect=\(ours), got=\(theirs)"
        case .definition: "invalid definition hash signature"
        case .initialStep: Self.inconsistent + "peer reported abnormal initial step"
        case .behind: Self.inconsistent + "peer reported step is behind the last known step"
        case .ahead: Self.inconsistent + "peer reported step is ahead of the last known step"
        case .apart, .refused: description
        }
    }

    private static let inconsistent =
        "detected inconsistent peer sync state (node restarted mid-ceremony), ceremony aborted: all operators must stop "
        + "charon and restart the ceremony together: "

    /// A peer's text, fit for people: one line of at most 512 characters without control characters.
    static func printable(_ text: String) -> String {
        let scalars = text.unicodeScalars.prefix(512).map { scalar -> Character in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate: "?"
            default: Character(scalar)
            }
        }
        return String(scalars)
    }
}

extension SyncFault: CustomStringConvertible {
    /// Without the peer and the cure, which `CeremonyFault` adds.
    package var description: String {
        switch self {
        case .version(_, let theirs, let ours): "runs version \(Self.printable(theirs)), this node announces \(ours)"
        case .definition: "has another definition, or another identity key than its record says"
        case .initialStep(_, let step): "is at step \(step) of a ceremony that has just begun here"
        case .behind(_, let step, let last): "restarted without its state (at step \(step), was at \(last))"
        case .ahead(_, let step, let last): "reports step \(step) right after step \(last)"
        case .apart(_, let step, let ours): "is at step \(step), this node at \(ours)"
        case .refused(_, let text): "ended the ceremony: \(text)"
        }
    }

    var cure: String {
        switch self {
        case .version: "run the same minor version on all nodes"
        case .definition: "compare the definition hashes of all operators"
        case .initialStep, .behind, .ahead, .apart: "stop all nodes and start the ceremony together"
        case .refused: "see what its operator's log says, then start the ceremony again on all nodes"
        }
    }

    package var ceremonyFault: CeremonyFault { CeremonyFault(culprit, .sync(self)) }
}
