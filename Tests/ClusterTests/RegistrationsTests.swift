import BLS
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import Cluster

@Suite("builder registrations, and the file that overrides them")
struct RegistrationsTests {
    private static let version = Network.hoodi.genesisForkVersion
    private static let secrets = (1...3).map { _ in SecretKey.random() }
    private static let keys = ClusterKeys(
        operators: [], validators: secrets.map { .init(publicKey: $0.publicKey, shares: []) })

    private func registration(
        _ validator: Int, pays byte: UInt8 = 7, at time: UInt64 = 100, signer: SecretKey? = nil
    ) -> SignedValidatorRegistration {
        let message = ValidatorRegistration(
            feeRecipient: Bytes20(padding: [byte]), gasLimit: 36_000_000, timestamp: time,
            pubKey: Self.secrets[validator].publicKey.bytes)
        let signature = (signer ?? Self.secrets[validator]).sign(message.signingRoot(Self.version)).bytes
        return SignedValidatorRegistration(message: message, signature: signature)
    }

    private func file(_ entries: [SignedValidatorRegistration]) -> [UInt8] {
        JSONValue.array(entries.map { ["version": "v1", "v1": $0.json()] }).bytes()
    }

    private func entry(_ registration: SignedValidatorRegistration) -> String {
        let json: JSONValue = ["version": "v1", "v1": registration.json()]
        return json.text()
    }

    private func read(_ bytes: [UInt8]) throws(ClusterError) -> RegistrationOverrides {
        try RegistrationOverrides(json: bytes, keys: Self.keys, forkVersion: Self.version)
    }

    @Test("the newest entry of each validator counts, of two as new the first")
    func newest() throws {
        let entries = [
            registration(0, pays: 1, at: 5), registration(0, pays: 2, at: 9), registration(0, pays: 3, at: 9),
            registration(1, at: 4),
        ]
        let overrides = try read(file(entries))
        #expect(overrides.registrations.count == 2 && overrides.foreignCount == 0)
        #expect(overrides.registrations[entries[0].message.pubKey] == entries[1])
    }

    @Test("an empty list, another validator's entry and upper-case hex are fine")
    func tolerated() throws {
        #expect(try read(Array("[]".utf8)).registrations.isEmpty)
        let stranger = SecretKey.random()
        var foreign = registration(0, signer: stranger)
        foreign.message.pubKey = stranger.publicKey.bytes
        let overrides = try read(file([foreign, registration(2)]))
        #expect(overrides.registrations.count == 1 && overrides.foreignCount == 1)
        let digits = Self.secrets[2].publicKey.bytes.hex.dropFirst(2)
        let upper = "[\(entry(registration(2)))]".replacing(digits, with: digits.uppercased())
        #expect(try read(Array(upper.utf8)).registrations.count == 1)
    }

    /// What is written over a good entry, and the place that the error names.
    @Test(
        "one bad entry refuses the file, and is named",
        arguments: [
            ("\"version\":\"v1\"", "\"version\":\"v2\"", "[1].version"), ("\"v1\":{", "\"v2\":{", "[1].v1"),
            ("\"timestamp\":\"100\"", "\"timestamp\":\"101\"", "[1].v1.signature"),
            ("\"timestamp\":\"100\"", "\"timestamp\":\"soon\"", "[1].v1.message.timestamp"),
            ("\"gas_limit\":\"36000000\"", "\"gas_limit\":\"0\"", "[1].v1.message.gas_limit"),
            ("\"gas_limit\":\"36000000\"", "\"gas_limit\":\"30000000\"", "[1].v1.signature"),
            ("\"0x0700", "\"0x0800", "[1].v1.signature"), ("\"0x0700", "\"0x07", "[1].v1.message.fee_recipient"),
            ("\"0x0700", "\"0x0000", "[1].v1.message.fee_recipient"), ("\"signature\"", "\"seal\"", "[1].v1.signature"),
        ])
    func refused(good: String, bad: String, place: String) throws {
        let entry = self.entry(registration(1))
        let changed = entry.replacing(good, with: bad)
        #expect(changed != entry)
        let first = self.entry(registration(0))
        #expect(try read(Array("[\(first),\(entry)]".utf8)).registrations.count == 2)
        let error = #expect(throws: ClusterError.self) { try read(Array("[\(first),\(changed)]".utf8)) }
        #expect("\(String(describing: error))".contains(place), "\(String(describing: error))")
    }

    @Test("another validator's or another network's signature is no signature")
    func signers() {
        let wrong = registration(1, signer: Self.secrets[2])
        #expect(throws: ClusterError.self) { try read(file([wrong])) }
        #expect(throws: ClusterError.self) {
            try RegistrationOverrides(
                json: file([registration(1)]), keys: Self.keys, forkVersion: Network.mainnet.genesisForkVersion)
        }
    }

    @Test("what is no such file is refused with its path and a cure; a missing one is told as missing")
    func files() throws {
        let directory = try TemporaryDirectory()
        for text in ["", "{}", "[1]", "[{}]", "[{\"version\":\"v1\"}]"] {
            let path = try directory.write("overrides.json", Array(text.utf8))
            let error = #expect(throws: ClusterError.self) {
                try RegistrationOverrides.load(path, keys: Self.keys, forkVersion: Self.version)
            }
            let told = error.map { "\($0)" } ?? ""
            #expect(told.hasPrefix(path) && told.contains("correct the overrides file"), "\(told)")
        }
        #expect(FileAccess.Fingerprint(directory.file("none.json")) == nil)
        let before = FileAccess.Fingerprint(directory.file("overrides.json"))
        try directory.write("overrides.json", file([registration(0)]))
        #expect(before != nil && FileAccess.Fingerprint(directory.file("overrides.json")) != before)
    }

    // MARK: With the lock

    @Test("the lock's own registrations are those it was verified with, for the definition's addresses")
    func lock() throws {
        let lock = try Samples.cluster().lock
        let keys = try ClusterKeys(lock)
        let registrations = Registrations(lock)
        #expect(registrations.signed.count == 2 && registrations == Registrations(lock, verifying: keys))
        let address = try #require(EthereumAddress(Samples.address)).bytes
        #expect(registrations.feeRecipients.values.allSatisfy { $0 == address })
        for validator in keys.validators {
            let signed = try #require(registrations.signed[validator.publicKey.bytes])
            #expect(
                try validator.publicKey.verify(
                    Signature(signed.signature), over: signed.message.signingRoot(lock.definition.forkVersion)))
        }
    }

    @Test("of a lock that is not verified, only registrations that hold go to builders; blocks pay its addresses")
    func unverified() throws {
        var lock = try Samples.cluster().lock
        lock.validators[0].builderRegistration.gasLimit += 1
        lock.validators[1].builderRegistration.feeRecipient[0] ^= 1  // not what the signature is looked at for
        let registrations = Registrations(lock, verifying: try ClusterKeys(lock))
        let good = try #require(PubKey(lock.validators[1].publicKey))
        #expect(Set(registrations.signed.keys) == [good])
        #expect(registrations.feeRecipients.count == 2)
    }

    @Test("a lock before v1.7 has addresses only; an override gives it a registration")
    func old() throws {
        let lock = try Samples.lock(.v1_6)
        var registrations = Registrations(lock)
        #expect(registrations.signed.isEmpty && registrations.feeRecipients.count == 2)
        let overrides = try read(file([registration(0)]))
        let changed = registrations.take(overrides)
        #expect(changed == [registration(0).message.pubKey])
        #expect(registrations.signed.count == 1)
    }

    @Test("only what is strictly newer is taken, and nothing is ever taken back")
    func merging() throws {
        var registrations = Registrations(try Samples.cluster().lock)
        let key = registration(0).message.pubKey
        let first = registrations.take(try read(file([registration(0, pays: 1, at: 10)])))
        #expect(first == [key])
        for (pays, time, counts) in [(2, 10, false), (2, 9, false), (3, 11, true), (1, 10, false)]
            as [(UInt8, UInt64, Bool)]
        {
            let changed = registrations.take(try read(file([registration(0, pays: pays, at: time)])))
            #expect(changed == (counts ? [key] : []))
        }
        #expect(registrations.feeRecipients[key] == Bytes20(padding: [3]))
        let last = registrations.take(try read(Array("[]".utf8)))
        #expect(last.isEmpty && registrations.signed[key] != nil)
    }
}
