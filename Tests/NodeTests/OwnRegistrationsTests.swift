import DutyWorkflow
import Ethereum
import Logging
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import Cluster
@testable import Node

@Suite("which builder registrations this operator wants signed")
struct OwnRegistrationsTests {
    private let pubKeys = (0..<3).map { PubKey(padding: [0x80, UInt8($0)]) }
    private let directory: TemporaryDirectory
    private let settings: ValidatorSettings

    init() throws {
        directory = try TemporaryDirectory()
        settings = try ValidatorSettings(path: directory.file("settings.json"))
    }

    /// The first validator has a registration, the second only an address, the third neither.
    private func own(builder: Bool = true, target: UInt64 = 0, lacks: Set<PubKey> = []) -> OwnRegistrations {
        var lock = Lock()
        for (position, pubKey) in pubKeys.enumerated() {
            var row = DistributedValidator()
            row.publicKey = pubKey.bytes
            if position == 0 {
                row.builderRegistration.gasLimit = 36_000_000
                row.builderRegistration.timestamp = 1000
                row.builderRegistration.signature = [UInt8](repeating: 1, count: 96)
            }
            lock.validators.append(row)
            lock.definition.validators.append(
                ValidatorAddresses(
                    feeRecipient: position < 2 ? Bytes20(padding: [UInt8(position + 1)]).hex : "", withdrawal: ""))
        }
        return OwnRegistrations(
            book: RegistrationBook(Registrations(lock)), settings: settings, pubKeys: pubKeys, targetGasLimit: target,
            usesBuilder: builder, holds: { !lacks.contains($0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func wish(_ byte: UInt8, _ gas: UInt64, replaces: UInt64? = nil) -> WantedRegistration {
        WantedRegistration(feeRecipient: Bytes20(padding: [byte]), gasLimit: gas, replaces: replaces)
    }

    private func signed(_ position: Int, _ byte: UInt8, _ gas: UInt64, at time: UInt64) -> SignedValidatorRegistration {
        SignedValidatorRegistration(
            message: ValidatorRegistration(
                feeRecipient: Bytes20(padding: [byte]), gasLimit: gas, timestamp: time, pubKey: pubKeys[position]),
            signature: .zero)
    }

    @Test("the first of each validator that has none and an address, for builders, by keys that are here")
    func first() {
        #expect(own().wanted == [pubKeys[1]: wish(2, 30_000_000)])
        #expect(own(target: 60_000_000).wanted == [pubKeys[1]: wish(2, 60_000_000)])
        #expect(own(builder: false).wanted.isEmpty)
        #expect(own(lacks: [pubKeys[1]]).wanted.isEmpty)
    }

    @Test("what the keymanager API set, also without builders, until a later one holds, whatever it says")
    func set() throws {
        let own = own(builder: false)
        try settings.set(.init(gasLimit: 50_000_000, replaces: 1000), for: pubKeys[0])
        try settings.set(.init(feeRecipient: Bytes20(padding: [9])), for: pubKeys[2])
        #expect(own.wanted == [pubKeys[0]: wish(1, 50_000_000, replaces: 1000), pubKeys[2]: wish(9, 30_000_000)])
        own.take([signed(0, 7, 36_000_000, at: 1012), signed(2, 9, 30_000_000, at: 0)])
        #expect(own.wanted.isEmpty)
        #expect(own.book.current.feeRecipients[pubKeys[0]] == Bytes20(padding: [7]))
        try settings.set(.init(gasLimit: 36_000_000, replaces: 1012), for: pubKeys[0])
        #expect(own.wanted.isEmpty, "it is so already")
    }

    @Test("what the cluster signed is taken if it is newer, and told once")
    func take() {
        let own = own()
        let told = Mutex(0)
        own.observe { told.withLock { $0 += 1 } }
        own.take([signed(1, 2, 30_000_000, at: 12), signed(1, 3, 30_000_000, at: 24)])
        #expect(own.wanted.isEmpty && own.book.current.signed[pubKeys[1]]?.message.timestamp == 24)
        own.take([signed(1, 2, 30_000_000, at: 12), signed(0, 5, 1, at: 1000)])
        #expect(told.withLock { $0 } == 1)
        #expect(own.book.current.feeRecipients[pubKeys[0]] == Bytes20(padding: [1]))
    }

    @Test("a restart finds what the cluster signed in the journal")
    func restart() throws {
        var snapshot = JournalSnapshot()
        let registration = signed(1, 2, 30_000_000, at: 0)
        try snapshot.apply(
            .aggregated(
                Duty(slot: .zero, type: .builderRegistration), [EntryKey(pubKeys[1]): .registration(registration)]))
        #expect(snapshot.registrations == [registration])
        let own = own()
        own.take(snapshot.registrations)
        #expect(own.wanted.isEmpty)
    }
}
