import BLS
import Ethereum
import Glibc
import Logging
import SSZ
import TestSupport
import Testing

@testable import Cluster
@testable import Node

@Suite("The overrides file, followed", .timeLimit(.minutes(1)))
struct OverridesFileTests {
    private static let version = Network.hoodi.genesisForkVersion
    private let secret = SecretKey.random()
    private let directory: TemporaryDirectory
    private let book = RegistrationBook(Registrations(Lock()))
    private let threads = CryptoThreads(threads: 1)

    init() throws { directory = try TemporaryDirectory() }

    private var pubKey: PubKey { secret.publicKey.bytes }

    private func file() -> OverridesFile {
        OverridesFile(
            path: directory.file(RegistrationOverrides.name),
            keys: ClusterKeys(operators: [], validators: [.init(publicKey: secret.publicKey, shares: [])]),
            forkVersion: Self.version, book: book, threads: threads,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func write(pays byte: UInt8, at time: UInt64, signer: SecretKey? = nil) throws {
        let message = ValidatorRegistration(
            feeRecipient: Bytes20(padding: [byte]), gasLimit: 36_000_000, timestamp: time, pubKey: pubKey)
        let signature = (signer ?? secret).sign(message.signingRoot(Self.version)).bytes
        let entry = SignedValidatorRegistration(message: message, signature: signature)
        try replace(JSONValue.array([["version": "v1", "v1": entry.json()]]).bytes())
    }

    /// As tools do it, by a new file each: its number tells one from the other in any case.
    private func replace(_ bytes: [UInt8]) throws {
        try directory.write("new", bytes)
        try #require(rename(directory.file("new"), directory.file(RegistrationOverrides.name)) == 0)
    }

    private var payee: Bytes20? { book.current.feeRecipients[pubKey] }

    @Test("what is newer holds from the next look on; what is not, is unreadable or wrongly signed changes nothing")
    func follows() async throws {
        let file = file()
        #expect(await !file.look() && payee == nil, "there need be none")
        try write(pays: 1, at: 10)
        #expect(await file.look())
        #expect(payee == Bytes20(padding: [1]))
        #expect(await !file.look(), "it has not changed")

        try write(pays: 2, at: 9)
        #expect(await !file.look())
        try replace(Array("[{\"version\"".utf8))
        #expect(await !file.look())
        try write(pays: 3, at: 11, signer: .random())
        #expect(await !file.look())
        #expect(payee == Bytes20(padding: [1]))

        try write(pays: 4, at: 12)
        #expect(await file.look())
        #expect(payee == Bytes20(padding: [4]))
        try await threads.shutdown()
    }

    @Test("a file that goes away takes nothing back, and counts again when it is there again")
    func goesAway() async throws {
        let file = file()
        try write(pays: 1, at: 10)
        #expect(await file.look())
        try #require(unlink(directory.file(RegistrationOverrides.name)) == 0)
        #expect(await !file.look())
        #expect(payee == Bytes20(padding: [1]))
        try write(pays: 2, at: 11)
        #expect(await file.look())
        #expect(payee == Bytes20(padding: [2]))
        try await threads.shutdown()
    }
}
