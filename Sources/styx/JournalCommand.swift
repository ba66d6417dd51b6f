import ArgumentParser
import DutyWorkflow
import Ethereum
import Foundation
import Node
import Program
import SSZ
import Storage

struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "Look at a node's journal of what it voted and signed, back it up, or put a backup in its place.",
        discussion: "The node must be stopped: its journal has one user at a time.",
        subcommands: [
            JournalInspect.self, JournalVerify.self, JournalBackup.self, JournalAdopt.self, JournalForget.self,
        ])
}

/// Which journal.
struct JournalOption: ParsableArguments {
    @Option(help: "The node's journal, or a copy or backup of one.") var journalFile = NodeConfiguration().journalFile

    static let flags = EnvironmentArguments.Flags(options: ["journal-file"])
}

struct JournalInspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what was voted, decided and signed, by duty and validator.",
        discussion: """
            Reads a copy of the file, which stays as it is. Votes are of the whole cluster; with --validator those of its \
            duties are shown. Old duties are gone from a journal; the highest vote and block of each validator stay.
            """)

    @OptionGroup var journal: JournalOption
    @Option(help: "Only this slot.") var slot: UInt64?
    @Option(help: "Only this type of duty, e.g. attester.") var duty: String?
    @Option(help: "Only this validator's public key.") var validator: String?
    @Flag(help: "JSON instead of text.") var json = false

    static let flags = EnvironmentArguments.Flags(
        options: ["journal-file", "slot", "duty", "validator"], switches: ["json"])

    func validate() throws { _ = try filter() }

    func run() async throws {
        try await failing("journal inspect") {
            let listing = try JournalListing.read(journal.journalFile, try filter())
            print(json ? listing.json.text(indent: "  ") : listing.lines.joined(separator: "\n").withoutControls)
        }
    }

    private func filter() throws -> JournalListing.Filter {
        let type = try duty.map { name in
            guard let type = DutyType.allCases.first(where: { $0.name == name }) else {
                let names = DutyType.allCases.map(\.name).joined(separator: ", ")
                throw ValidationError("--duty: \(name) is none of \(names)")
            }
            return type
        }
        let key = try validator.map { text in
            do {
                return try PubKey(hex: text)
            } catch {
                throw ValidationError("--validator: \(error); a validator's public key is 48 bytes of hex")
            }
        }
        return JournalListing.Filter(slot: slot.map { Slot($0) }, type: type, validator: key)
    }
}

struct JournalVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read every row of a journal and say what is wrong, where, and what to do.",
        discussion: """
            Reads a copy of the file, which stays as it is. Ends with status 0 only if the file is whole, every row can be \
            read, nothing contradicts, and a node would go on with it where it is.
            """)

    @OptionGroup var journal: JournalOption

    func run() async throws {
        try await failing("journal verify") {
            let verdict = try JournalVerifier.verify(journal.journalFile)
            print(verdict.lines.joined(separator: "\n").withoutControls)
            if !verdict.isSound { throw CommandFailure("\(verdict.path): \(verdict.problemCount) problems") }
            if verdict.objection != nil { throw CommandFailure("\(verdict.path): sound, but not the last journal") }
        }
    }
}

struct JournalBackup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Write a journal into a new file, whole and durable.",
        discussion: """
            The journal is verified first; one that is not sound is not backed up. A node refuses a backup until \
            `styx journal adopt` makes it the journal: what was signed after it was made is not in it.
            """)

    @OptionGroup var journal: JournalOption
    @Argument(help: "File to write. It must not exist.") var file: String

    func run() async throws {
        try await failing("journal backup") {
            let verdict = try Journal.backUp(journal.journalFile, to: file, now: SystemClock.now)
            print("\(verdict.rows.values.reduce(0, +)) rows of \(journal.journalFile) written to \(file)")
            note("It is a backup: a node refuses it until `styx journal adopt --journal-file \(file)`.")
        }
    }
}

struct JournalAdopt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Make a backup, a copy or an older state the node's journal.",
        discussion: """
            Such a file may know less than was signed, and a node refuses it. First make sure that no other process signs \
            with these keys, now or later: if one does, validators may be slashed. Put the file where the node looks for \
            its journal, then adopt it. A node that signs by itself signs nothing on it for two epochs.
            """)

    @OptionGroup var journal: JournalOption
    @Flag(
        help: """
            No wait: nothing was signed with these keys after the file was written. If that is not so, validators may be \
            slashed.
            """)
    var madeAfterLastRun = false

    static let flags = EnvironmentArguments.Flags(options: ["journal-file"], switches: ["made-after-last-run"])

    func run() async throws {
        try await failing("journal adopt") {
            let file = journal.journalFile
            guard let objection = try Journal.adopt(file, isComplete: madeAfterLastRun, now: SystemClock.now) else {
                print("\(file): a node goes on with it as it is; nothing changed")
                return
            }
            note("It was refused so far: \(objection)")
            let wait = "; a node that signs by itself signs nothing for two epochs"
            print("\(file): adopted\(madeAfterLastRun ? "" : wait)")
        }
    }
}

struct JournalForget: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Let the next start make a new journal where one is lost.",
        discussion: """
            A node does not make a journal where there was one. If a backup exists, adopt it instead. A new journal knows \
            of no vote: a node that signs by itself signs nothing on it for two epochs.
            """)

    @OptionGroup var journal: JournalOption

    func run() async throws {
        try await failing("journal forget") {
            let file = journal.journalFile
            print(
                try Journal.forget(file)
                    ? "\(file): forgotten; the next start makes a new one" : "\(file): no journal is missed there")
        }
    }
}
