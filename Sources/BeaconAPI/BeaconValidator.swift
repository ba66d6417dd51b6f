import Ethereum
import SSZ

/// One row of `states/{state_id}/validators`.
package struct BeaconValidator: Hashable, Sendable {
    package var index: ValidatorIndex
    package var balance: Gwei
    package var status: ValidatorStatus
    package var validator: ValidatorRecord

    package init(index: ValidatorIndex, balance: Gwei, status: ValidatorStatus, validator: ValidatorRecord) {
        self.index = index
        self.balance = balance
        self.status = status
        self.validator = validator
    }

    package init(json: JSONValue) throws(SSZError) {
        index = try json.field("index")
        balance = try json.field("balance")
        status = try json.member("status") { json throws(SSZError) in
            guard let status = json.string.flatMap({ ValidatorStatus(rawValue: $0) }) else {
                throw SSZError(.json(expected: "validator status"))
            }
            return status
        }
        validator = try json.field("validator")
    }

    package func json() -> JSONValue {
        [
            "index": index.json(), "balance": balance.json(), "status": .string(status.rawValue),
            "validator": validator.json(),
        ]
    }
}

/// The container `Validator` of consensus-specs phase0/beacon-chain.md.
package struct ValidatorRecord: SSZContainer, Hashable {
    package var pubKey = PubKey.zero
    package var withdrawalCredentials = Bytes32.zero
    package var effectiveBalance = Gwei.zero
    package var slashed = false
    package var activationEligibilityEpoch = Epoch.zero
    package var activationEpoch = Epoch.zero
    package var exitEpoch = Epoch.zero
    package var withdrawableEpoch = Epoch.zero

    package init() {}

    package mutating func visitFields(_ visitor: inout some FieldVisitor) throws(SSZError) {
        try visitor.visit("pubkey", &pubKey)
        try visitor.visit("withdrawal_credentials", &withdrawalCredentials)
        try visitor.visit("effective_balance", &effectiveBalance)
        try visitor.visit("slashed", &slashed)
        try visitor.visit("activation_eligibility_epoch", &activationEligibilityEpoch)
        try visitor.visit("activation_epoch", &activationEpoch)
        try visitor.visit("exit_epoch", &exitEpoch)
        try visitor.visit("withdrawable_epoch", &withdrawableEpoch)
    }
}
