import BLS
import BeaconAPI
import Cluster
import ClusterSetup
import Ethereum
import SSZ

/// Where whole exits come from.
package enum ExitSource: Sendable {
    /// From what operators left there.
    case api(ObolAPI, Seat)
    /// One exit; `--exit-from-file`.
    case file(String)
    /// Files `exit-0x….json`; `--exit-from-dir`.
    case directory(String)
}

extension Exits {
    /// Verifies whole exits and publishes them. None is published before all are verified.
    ///
    /// - Parameter isDryRun: everything but publishing.
    package func broadcast(_ choice: Choice, from source: ExitSource, isDryRun: Bool) async throws {
        let pubKeys = try chosen(choice, in: source)
        let leaving = try await leaving(choice, among: pubKeys)
        var exits: [(pubKey: PubKey, exit: SignedVoluntaryExit)] = []
        for row in leaving {
            let pubKey = row.validator.pubKey
            guard let exit = try await exit(of: pubKey, from: source, choice) else { continue }
            guard exit.message.validatorIndex == row.index else {
                throw ClusterError.field(
                    "exit of validator \(pubKey)",
                    "is for index \(exit.message.validatorIndex), but this validator has index \(row.index)")
            }
            exits.append((pubKey, exit))
        }
        guard !exits.isEmpty else {
            notes.warn("no exit to publish")
            return
        }
        guard !isDryRun else {
            for item in exits { notes.say("would publish: \(Self.name(item.pubKey, item.exit.message))") }
            notes.say("all signatures hold; nothing was published")
            return
        }
        try await publish(exits)
    }

    /// One that is refused does not keep the others back.
    private func publish(_ exits: [(pubKey: PubKey, exit: SignedVoluntaryExit)]) async throws {
        var failures = 0
        for item in exits {
            do throws(BeaconError) {
                try await chain.beacon.submit(item.exit)
                notes.say("published: \(Self.name(item.pubKey, item.exit.message))")
            } catch {
                guard exits.count > 1, error.cause != .cancelled else { throw error }
                failures += 1
                notes.warn("not published: \(Self.name(item.pubKey, item.exit.message)): \(error)")
            }
        }
        guard failures == 0 else {
            throw ClusterError.field(
                "exits", "\(failures) of \(exits.count) were not taken by the beacon node; see above")
        }
    }

    /// Writes whole exits into files `exit-0x….json`, for `exit broadcast`. None is written before all are verified.
    ///
    /// - Parameter directory: must be there.
    package func fetch(_ choice: Choice, to directory: String, from api: ObolAPI, seat: Seat) async throws {
        try Self.checkWritable(directory)
        var exits: [(pubKey: PubKey, exit: SignedVoluntaryExit)] = []
        for pubKey in try chosen(choice, in: .api(api, seat)) {
            guard let exit = try await exit(of: pubKey, from: .api(api, seat), choice) else { continue }
            exits.append((pubKey, exit))
        }
        for item in exits {
            let path = FileAccess.join(directory, Self.fileName(item.pubKey))
            try FileAccess.replace(path, item.exit.json().bytes(), mode: 0o600, durable: true)
            notes.say("\(Self.name(item.pubKey, item.exit.message)): \(path)")
        }
        if exits.isEmpty { notes.warn("nothing was fetched: nobody has signed any exit of this cluster") }
    }

    /// Of this operator. What there is none of is no failure if all were meant.
    package static func delete(
        _ choice: Choice, in cluster: VerifiedCluster, from api: ObolAPI, seat: Seat, notes: CommandNotes
    ) async throws {
        let pubKeys: [PubKey]
        if case .validator(let pubKey) = choice {
            _ = try cluster.requirePosition(of: pubKey, "--validator-public-key")
            pubKeys = [pubKey]
        } else {
            pubKeys = cluster.pubKeys
        }
        for pubKey in pubKeys {
            if try await api.deleteExit(of: pubKey, seat) {
                notes.say("deleted: partial exit of validator \(pubKey), share \(seat.shareIndex)")
            } else if case .all = choice {
                notes.warn("validator \(pubKey): there is no partial exit of share \(seat.shareIndex)")
            } else {
                throw ClusterError.option(
                    "--validator-public-key", "\(pubKey) has no partial exit of share \(seat.shareIndex)")
            }
        }
    }

    // MARK: Parts

    static func fileName(_ pubKey: PubKey) -> String { "exit-\(pubKey).json" }

    private func chosen(_ choice: Choice, in source: ExitSource) throws -> [PubKey] {
        if case .validator(let pubKey) = choice {
            _ = try cluster.requirePosition(of: pubKey, "--validator-public-key")
            return [pubKey]
        }
        guard case .directory(let directory) = source else { return cluster.pubKeys }
        let names = try FileAccess.names(in: directory).filter { $0.hasPrefix("exit-") && $0.hasSuffix(".json") }
        guard !names.isEmpty else {
            throw ClusterError.option("--exit-from-dir", "\(directory) has no files exit-0x….json")
        }
        return try names.map { name in
            let digits = String(name.dropFirst("exit-".count).dropLast(".json".count))
            guard let pubKey = try? PubKey(hex: digits), name == Self.fileName(pubKey) else {
                throw ClusterError.inFile(
                    FileAccess.join(directory, name), .field("name", "is not exit-0x<public key in lower case>.json"))
            }
            _ = try cluster.requirePosition(of: pubKey, "--exit-from-dir")
            return pubKey
        }
    }

    /// Verified; nil if nobody has signed one and all were meant.
    private func exit(
        of pubKey: PubKey, from source: ExitSource, _ choice: Choice
    ) async throws -> SignedVoluntaryExit? {
        guard let validator = cluster.validator(pubKey) else { return nil }
        switch source {
        case .file(let path): return try read(path, validator)
        case .directory(let directory):
            return try read(FileAccess.join(directory, Self.fileName(pubKey)), validator)
        case .api(let api, let seat):
            guard let collected = try await api.exit(of: pubKey, seat) else {
                guard case .all = choice else {
                    throw ClusterError.option(
                        "--validator-public-key", "nobody has signed an exit of \(pubKey); run `exit sign` first")
                }
                notes.warn("validator \(pubKey) left out: nobody has signed its exit")
                return nil
            }
            let (root, threshold) = (chain.signingRoot(collected.message), cluster.threshold)
            return try await TrustedDealer.onOwnThread {
                try collected.assemble(validator, threshold: threshold, root: root)
            }
        }
    }

    private static let fileBytesMax = 64 << 10

    private func read(_ path: String, _ validator: ClusterKeys.Validator) throws(ClusterError) -> SignedVoluntaryExit {
        let bytes = try FileAccess.read(path, bytesMax: Self.fileBytesMax)
        let exit: SignedVoluntaryExit
        do {
            exit = try SignedVoluntaryExit(json: JSONValue(parsing: bytes))
        } catch {
            throw .inFile(path, .field("exit", "\(error)"))
        }
        guard let signature = try? Signature(exit.signature),
            validator.publicKey.verify(signature, over: chain.signingRoot(exit.message))
        else {
            throw .inFile(
                path, .field("signature", "is not by validator \(validator.publicKey.bytes) on this network"))
        }
        return exit
    }

    private static func checkWritable(_ directory: String) throws(ClusterError) {
        let option = "--fetched-exit-path"
        guard FileAccess.isDirectory(directory) else { throw .option(option, "\(directory) is not a directory") }
        do throws(ClusterError) {
            try FileAccess.writeAndRemove(FileAccess.join(directory, ".write-test"))
        } catch {
            throw .option(option, "\(error)")
        }
    }
}
