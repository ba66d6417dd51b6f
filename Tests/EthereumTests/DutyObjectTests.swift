import Ethereum
import SSZ
import Testing

/// Small signed objects of duties: their JSON form is what nodes of a cluster exchange (protocols.md §2.7).
struct DutyObjectTests {
    static let signature = SignatureBytes(padding: [0xab, 1])
    static let hex = signature.hex

    @Test func epoch() throws {
        try check(
            SignedEpoch(epoch: 5, signature: Self.signature), #"{"epoch":"5","signature":"\#(Self.hex)"}"#)
    }

    @Test func committeeSelection() throws {
        try check(
            BeaconCommitteeSelection(validatorIndex: 7, slot: 9, selectionProof: Self.signature),
            #"{"validator_index":"7","slot":"9","selection_proof":"\#(Self.hex)"}"#)
    }

    @Test func syncSelection() throws {
        try check(
            SyncCommitteeSelection(
                validatorIndex: 7, slot: 9, subcommitteeIndex: 3, selectionProof: Self.signature),
            #"{"validator_index":"7","slot":"9","subcommittee_index":"3","selection_proof":"\#(Self.hex)"}"#)
    }

    @Test func registration() throws {
        let registration = SignedValidatorRegistration(
            message: ValidatorRegistration(
                feeRecipient: Bytes20(padding: [1]), gasLimit: 60_000_000, timestamp: 1, pubKey: .zero),
            signature: Self.signature)
        let versioned = VersionedSignedValidatorRegistration(registration)
        let json = versioned.json
        #expect(json.text() == #"{"version":0,"registration":\#(registration.json().text())}"#)
        #expect(try VersionedSignedValidatorRegistration(json: json) == versioned)
    }

    @Test(arguments: [JSONValue.null, "0", 1, 18_446_744_073])
    func registrationsHaveVersionZero(version: JSONValue) {
        let error = #expect(throws: SSZError.self) {
            try VersionedSignedValidatorRegistration(
                json: ["version": version, "registration": SignedValidatorRegistration().json()])
        }
        #expect(error?.path == ["version"])
    }

    @Test func registrationErrorsNameThePlace() {
        let error = #expect(throws: SSZError.self) {
            try VersionedSignedValidatorRegistration(json: ["version": 0, "registration": ["message": [:]]])
        }
        #expect(error?.description == "registration.message.fee_recipient: missing")
    }

    private func check<Value: SSZContainer & Equatable>(_ value: Value, _ text: String) throws {
        #expect(value.json().text() == text)
        #expect(try Value(json: JSONValue(parsing: Array(text.utf8))) == value)
        #expect(try Value(ssz: value.sszBytes()) == value)
    }
}
