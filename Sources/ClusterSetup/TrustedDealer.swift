import BLS
import Cluster
import Ethereum
import NIOPosix
import SSZ

/// `create cluster`: checks what was asked for, makes the cluster, and leaves it on disk, at keymanagers or in an archive.
///
/// Nothing is written before all checks have passed, and nothing that exists is replaced. Everything is staged first;
/// keymanagers get their keys when all that is local is staged. Source: spec/cli-create.md §5.
package struct TrustedDealer: Sendable {
    /// The flags.
    package struct Request: Sendable {
        /// Its network is taken from `network`.
        package var cluster = ClusterOptions()
        package var network = NetworkFlags()
        package var directory = "./"
        /// Path or URL; empty: `cluster` says what to make.
        package var definitionFile = ""
        package var splitsKeys = false
        package var splitKeysDirectory = ""
        package var keymanagerAddresses: [String] = []
        package var keymanagerTokens: [String] = []
        package var publishes = false
        package var publishAddress = ObolAPI.defaultAddress
        package var publishTimeout = ObolAPI.createTimeout
        /// Empty: contracts' signatures cannot be checked.
        package var executionEndpoint = ""
        package var isZipped = false
        /// Threads for keystores.
        package var concurrency = 1

        package init() {}
    }

    package struct Outcome: Sendable {
        /// What Charon prints too, for standard output.
        package let summary: String
        /// What went wrong without making the cluster useless.
        package var warnings: [String] = []
        /// What to do now.
        package var nextSteps: [String] = []
    }

    /// What takes long enough to be watched.
    package enum Step: Sendable {
        /// Keystores to split.
        case opening
        /// Keystores on disk.
        case encrypting
        /// Keystores of all nodes that keymanagers have taken.
        case importing
    }

    package static let archiveName = "cluster.tar.gz"

    let request: Request
    let web: WebClient
    private let now: Instant
    private let progress: @Sendable (Step, _ done: Int, _ total: Int) -> Void

    /// - Parameter progress: hears of keystores done in each step, from any thread.
    package init(
        _ request: Request, now: Instant, web: WebClient,
        progress: @escaping @Sendable (Step, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
    ) {
        self.request = request
        self.now = now
        self.web = web
        self.progress = progress
    }

    package func deal() async throws -> Outcome {
        let given = try await givenDefinition()
        let checked = try await check(given)
        let secrets = try await secretsToSplit(given)
        let (request, now) = (request, now)
        let creation = try await Self.onOwnThread { () throws -> ClusterCreation in
            var random = SystemRandomNumberGenerator()
            let plan: ClusterPlan
            if let given {
                plan = try ClusterPlan(
                    given, network: checked.network, splitting: secrets, insecureKeys: request.cluster.insecureKeys,
                    now: now)
            } else {
                var options = request.cluster
                options.network = checked.network
                if let secrets { options.validators = secrets.count }
                plan = try ClusterPlan(options, splitting: secrets, now: now, using: &random)
            }
            return try ClusterCreation(plan, using: &random)
        }
        try Task.checkCancellation()
        for keymanager in checked.keymanagers { try await keymanager.testConnection() }

        let stage = try await stage(creation, keystores: checked.keymanagers.isEmpty)
        do {
            try Task.checkCancellation()
            try await hand(creation, to: checked.keymanagers)
        } catch {
            stage.discard()
            throw error
        }
        do {
            if request.isZipped {
                try stage.commit(as: Self.archiveName) { path, entries in
                    try TarArchive.write(path, entries, now: now)
                }
            } else {
                try stage.commit()
            }
        } catch {
            throw checked.keymanagers.isEmpty ? error : PartialImport("\(error)", took: checked.keymanagers)
        }
        return await outcome(creation, keymanagers: checked.keymanagers)
    }

    // MARK: Parts

    func watched(_ step: Step) -> @Sendable (Int, Int) -> Void {
        let progress = progress
        return { done, total in progress(step, done, total) }
    }

    private func stage(_ creation: ClusterCreation, keystores: Bool) async throws -> ClusterStage {
        let (directory, concurrency) = (request.directory, request.concurrency)
        return try await Self.onOwnThread(watched(.encrypting)) { progress in
            var random = SystemRandomNumberGenerator()
            return try creation.stage(
                in: directory, keystores: keystores, concurrency: concurrency, progress: progress, using: &random)
        }
    }

    /// One keymanager for each node, in order.
    private func hand(_ creation: ClusterCreation, to keymanagers: [KeymanagerClient]) async throws {
        let (concurrency, count) = (request.concurrency, creation.lock.validators.count)
        for (i, keymanager) in keymanagers.enumerated() {
            let shares = creation.nodes[i].shares
            do {
                let sealed = try await Self.onOwnThread({ _, _ in }) { progress in
                    var random = SystemRandomNumberGenerator()
                    return try SealedKeystores(
                        shares, cost: creation.keystoreCost, threads: concurrency, progress: progress, using: &random)
                }
                try await keymanager.send(sealed)
            } catch {
                // Only an answer tells that it took none, and even then it may have taken some.
                let isSent = error is ServiceError
                guard i > 0 || isSent else { throw error }
                let reason = error is CancellationError ? "interrupted" : "\(error)"
                throw PartialImport(
                    "node \(i): \(reason)", took: Array(keymanagers.prefix(i)), perhaps: isSent ? keymanager : nil)
            }
            progress(.importing, (i + 1) * count, keymanagers.count * count)
        }
    }

    private func outcome(_ creation: ClusterCreation, keymanagers: [KeymanagerClient]) async -> Outcome {
        let directory = FileAccess.absolute(request.directory)
        let archive = request.isZipped ? FileAccess.join(directory, Self.archiveName) : nil
        var outcome = Outcome(
            summary: creation.summary(directory: directory, keystores: keymanagers.isEmpty, archive: archive))
        for path in ClusterStage.leftovers(in: request.directory) {
            outcome.warnings.append("\(path) is left of an interrupted run and holds keys: delete it")
        }
        if request.publishes {
            do {
                let api = ObolAPI(
                    try ServiceURL(request.publishAddress), timeout: request.publishTimeout, web: web)
                let link = try await api.publish(creation.lock)
                outcome.nextSteps.append("The cluster is published; activate its validators at \(link)")
            } catch {
                outcome.warnings.append("The cluster is made, but not published: \(error)")
            }
        }
        let nodes = "node0 … node\(creation.nodes.count - 1)"
        outcome.nextSteps.append(
            (archive == nil ? "Give" : "Unpack it and give")
                + " each operator one of \(nodes), over a channel only they can read; then delete your copy.")
        outcome.nextSteps.append(
            "Each operator starts with: styx run --lock-file nodeN/cluster-lock.json"
                + " --private-key-file nodeN/charon-enr-private-key --journal-file nodeN/styx-journal.sqlite"
                + " --beacon-node-endpoints <URL>")
        if !creation.isSplit {
            outcome.nextSteps.append("Deposit with deposit-data-*.json (the same in every node) when all nodes run.")
        }
        return outcome
    }

    /// Key material and pairings take long and must stall nobody.
    package static func onOwnThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws
        -> Value
    {
        try await onOwnThread({ _, _ in }) { _ in try work() }
    }

    /// The same for work that asks `progress` whether to go on: it says no when the task is cancelled.
    package static func onOwnThread<Value: Sendable>(
        _ report: @escaping @Sendable (_ done: Int, _ total: Int) -> Void,
        _ work: @escaping @Sendable (_ progress: @escaping WorkProgress) throws -> Value
    ) async throws -> Value {
        let cancellation = Cancellation()
        do {
            return try await withTaskCancellationHandler {
                try await NIOThreadPool.singleton.runIfActive {
                    try work { done, total in
                        report(done, total)
                        return !cancellation.isCancelled
                    }
                }
            } onCancel: {
                cancellation.cancel()
            }
        } catch {
            // Whatever it says, it was told to stop.
            try Task.checkCancellation()
            throw error
        }
    }
}

/// A failure after keymanagers had taken keys, or may have.
package struct PartialImport: Error, CustomStringConvertible {
    package let description: String

    init(_ reason: String, took: [KeymanagerClient], perhaps: KeymanagerClient? = nil) {
        var text = "\(reason); nothing was left on disk."
        let names = took.map(\.address.description) + (perhaps.map { ["perhaps \($0.address)"] } ?? [])
        text +=
            " \(names.joined(separator: ", ")) took keys of a cluster that now never comes into being:"
            + " delete them there, then try again"
        description = text
    }
}
