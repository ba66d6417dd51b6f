import Ethereum
import Logging
import Synchronization
import Timing

/// Says what signers do wrong: an outage when it begins and ends, and what is wrong with a key now and then, not at
/// every duty.
final class SignerLog: Sendable {
    private static let every = Duration.seconds(3600)

    private let names: [String]
    private let logger: Logger
    private let told = Mutex(Told<ContinuousClock.Instant>(every: every))

    init(_ names: [String], _ logger: Logger) {
        self.names = names
        self.logger = logger
    }

    func note(_ action: SigningQueue.Action) {
        switch action {
        case .outage(let signer, let failure):
            logger.warning(
                "remote signer is out of reach; it is asked again until it answers",
                metadata: ["signer": "\(names[signer])", "error": "\(failure)"])
        case .recovered(let signer, let after):
            logger.info(
                "remote signer answers again",
                metadata: ["signer": "\(names[signer])", "after": "\(after.components.seconds)s"])
        case .unlisted(let signer, let failure):
            logger.warning(
                "remote signer does not list its keys; it is asked for every key",
                metadata: ["signer": "\(names[signer])", "error": "\(failure)"])
        case .ask, .list, .setback, .fail, .listsChanged: break
        }
    }

    /// What a signer answered instead of a signature.
    func note(_ response: SigningQueue.Response, of signer: Int, for key: PubShare) {
        guard case .answer(let answer) = response else { return }
        let kind: String
        let text: String
        switch answer {
        case .signature: return
        // Told as an outage.
        case .broken(502...504, _): return
        case .garbage(let body): (kind, text) = ("no signature", body)
        case .noKey: (kind, text) = ("no such key (status 404)", "")
        case .refused(let body): (kind, text) = ("refused by its slashing protection (status 412)", body)
        case .broken(let status, let body), .rejected(let status, let body):
            (kind, text) = ("status \(status)", body)
        }
        logger.log(
            level: isNews("\(signer) \(kind) \(key)") ? .warning : .debug, "remote signer did not sign",
            metadata: [
                "signer": "\(names[signer])", "key_share": "\(key)", "answer": "\(kind)", "text": "\(text)",
            ])
    }

    /// Signatures that were thrown away.
    func noteWrong(_ made: [(signer: Int, key: PubShare)]) {
        for (signer, key) in made {
            logger.log(
                level: isNews("\(signer) wrong \(key)") ? .error : .debug,
                "remote signer made a wrong signature; it was thrown away",
                metadata: ["signer": "\(names[signer])", "key_share": "\(key)"])
        }
    }

    private func isNews(_ what: String) -> Bool { told.withLock { $0.isNews(what, at: .now) } }
}
