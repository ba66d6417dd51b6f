import ArgumentParser
import Cluster
import Ethereum
import Foundation
import Node
import Program
import Storage

struct SlashingProtectionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slashing-protection",
        abstract: "Move what validators have attested to and proposed from one node or client to another (EIP-3076).",
        discussion: "The node must be stopped: its journal has one user at a time.",
        subcommands: [
            SlashingProtectionExport.self, SlashingProtectionImport.self, SlashingProtectionLiftHalt.self,
        ])
}

struct SlashingProtectionExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the highest source and target epoch and block slot of every validator in the journal.",
        discussion: "Validators appear under their own public keys, not under those of key shares.")

    @OptionGroup var files: ProtectionFiles
    @Argument(help: "File to write, in EIP-3076's format, version 5. It must not exist.") var file: String

    func run() async throws {
        try await failing("slashing-protection export") {
            guard !FileAccess.isTaken(file) else { throw CommandFailure("\(file) exists already: name another file") }
            let exported = try await files.protection().export()
            try FileAccess.publish(file, exported.bytes, mode: 0o600)
            print("\(exported.validators) validators of \(files.journalFile) written to \(file)")
        }
    }
}

struct SlashingProtectionImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Merge a file into the journal; what the journal holds never falls.",
        discussion: """
            Takes files of other nodes of this cluster, and of a validator client that signed with this operator's key \
            shares: --lock-file tells which share belongs to which validator. Where there is no journal one is made for \
            that cluster; a node that signs by itself waits two epochs on it all the same.
            """)

    @OptionGroup var files: ProtectionFiles
    @Argument(help: "File in EIP-3076's format, version 5.") var file: String

    /// Some thousand validators with a history of years.
    private static let bytesMax = 256 << 20

    func run() async throws {
        try await failing("slashing-protection import") {
            let bytes = try FileAccess.read(file, bytesMax: Self.bytesMax)
            let imported = try await files.protection().import(bytes)
            let contents = imported.contents
            if imported.isNew { print("\(files.journalFile) is new") }
            let news = contents.raised.validators.count
            print("\(contents.validators) validators in \(file), \(news) of them news to the journal")
            if contents.strangers > 0 {
                note("warning: \(contents.strangers) public keys in \(file) are not of this cluster and were left out")
            }
        }
    }
}

struct SlashingProtectionLiftHalt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lift-halt",
        abstract: "Let a node vote and sign again that saw its key in use elsewhere.",
        discussion: """
            A node that sees a vote or signature of its own key that it did not make votes and signs nothing more, also \
            after restarts. First find the other process, stop it and make sure that it does not start again; if both \
            go on, validators may be slashed. Where one key is used in two clusters, give each a key of its own instead.
            """)

    @OptionGroup var files: ProtectionFiles

    func run() async throws {
        try await failing("slashing-protection lift-halt") {
            guard let halt = try await files.protection().liftHalt() else {
                print("\(files.journalFile): the node is not halted; nothing changed")
                return
            }
            print("\(files.journalFile): lifted; the node had halted in duty \(halt.duty) because \(halt.seen)")
        }
    }
}

/// Which journal, and whose.
struct ProtectionFiles: ParsableArguments {
    @Option(help: "The node's journal.") var journalFile = NodeConfiguration().journalFile
    @Option(help: "Cluster lock, to know the key shares. Left out: .charon/cluster-lock.json if that is there.")
    var lockFile: String?

    static let flags = EnvironmentArguments.Flags(options: ["journal-file", "lock-file"])

    func protection() throws -> SlashingProtection {
        SlashingProtection(journal: journalFile, cluster: try cluster(), now: SystemClock.now)
    }

    private func cluster() throws -> SlashingProtection.Cluster? {
        let usual = NodeConfiguration().lockFile
        guard lockFile != nil || FileAccess.isTaken(usual) else { return nil }
        // Not verified: the journal names the lock it belongs to.
        let file = try LockFile.load(lockFile ?? usual, verify: false)
        let pairs = file.keys.validators.flatMap { validator in
            ([validator.publicKey] + validator.shares).map { ($0.bytes, validator.publicKey.bytes) }
        }
        return SlashingProtection.Cluster(
            lockHash: file.lock.lockHash, validators: Dictionary(pairs, uniquingKeysWith: { first, _ in first }),
            genesisValidatorsRoot: Network.with(genesisForkVersion: file.lock.definition.forkVersion)?
                .genesisValidatorsRoot)
    }
}
