/// One thing looked at in a definition or lock, and what came of it.
package struct Check: Equatable, Sendable {
    /// What was looked at. The raw value is its name for people.
    package enum Kind: String, CaseIterable, Sendable {
        case configHash = "config hash"
        case definitionHash = "definition hash"
        case validatorCount = "number of validators"
        case lockHash = "lock hash"
        case network
        case operatorConfigSignature = "operator config signature"
        case operatorENRSignature = "operator ENR signature"
        /// All operators signed, or none.
        case signers
        case creatorSignature = "creator config signature"
        case operatorKeys = "operator identity keys"
        case validatorKeys = "validator keys"
        /// The shares of a validator lie on one polynomial through its key.
        case sharing = "key shares"
        case signatureAggregate = "signature aggregate"
        case builderRegistrations = "builder registrations"
        case nodeSignatures = "node signatures"
        case deposits
    }

    package enum Result: Equatable, Sendable {
        case passed
        /// The error names the field.
        case failed(ClusterError)
        /// There was nothing to look at, or no way to; the reason.
        case skipped(String)
        /// Only a contract can say. Without its answer, `otherwise` stands.
        case needsContract(ContractCall, otherwise: ClusterError)
    }

    package let kind: Kind
    /// The field in the document, for example `cluster_definition.operators[2].enr_signature`.
    package let subject: String
    package fileprivate(set) var result: Result

    /// Why it does not hold; nil when it holds or was skipped. A contract not asked counts as failed.
    package var failure: ClusterError? {
        switch result {
        case .passed, .skipped: nil
        case .failed(let error), .needsContract(_, otherwise: let error): error
        }
    }
}

/// Everything that was looked at in a definition or lock, in the order of looking.
///
/// A pass over many like things (the shares of all validators) is one check; what fails is named one by one.
package struct Verification: Equatable, Sendable {
    package private(set) var checks: [Check] = []

    package init() {}

    /// All that does not hold, contracts not asked included.
    package var failures: [ClusterError] { checks.compactMap(\.failure) }

    /// What does not hold whatever contracts say.
    package var settledFailures: [ClusterError] {
        checks.compactMap { if case .failed(let error) = $0.result { error } else { nil } }
    }

    /// Contracts to ask, each call once. Empty for almost every cluster.
    package var contractCalls: [ContractCall] {
        var calls: [ContractCall] = []
        for case .needsContract(let call, _) in checks.map(\.result) where !calls.contains(call) { calls.append(call) }
        return calls
    }

    /// Settles the checks that wait for this call. Calls nobody waits for are ignored.
    package mutating func answer(_ call: ContractCall, _ answer: ContractAnswer) {
        for i in checks.indices {
            guard case .needsContract(call, _) = checks[i].result else { continue }
            checks[i].result =
                call.refusal(answer).map { .failed(.verification(field: checks[i].subject, $0)) } ?? .passed
        }
    }

    /// - Throws: the first failure.
    package func requirePassed() throws(ClusterError) {
        for check in checks {
            if let failure = check.failure { throw failure }
        }
    }
}

// MARK: Collecting

extension Verification {
    mutating func add(_ kind: Check.Kind, _ subject: String, _ result: Check.Result) {
        checks.append(Check(kind: kind, subject: subject, result: result))
    }

    /// Failed, with this reason at this field.
    mutating func fail(_ kind: Check.Kind, _ subject: String, _ reason: String) {
        add(kind, subject, .failed(.verification(field: subject, reason)))
    }

    /// Passed unless it throws. Gives what the body gives, nil when it threw.
    @discardableResult
    mutating func attempt<Value>(
        _ kind: Check.Kind, _ subject: String, _ body: () throws(ClusterError) -> Value
    ) -> Value? {
        do throws(ClusterError) {
            let value = try body()
            add(kind, subject, .passed)
            return value
        } catch {
            add(kind, subject, .failed(error.asVerification))
            return nil
        }
    }

    /// Passed unless `body` adds a failure by itself.
    mutating func passUnlessFailed(_ kind: Check.Kind, _ subject: String, _ body: (inout Verification) -> Void) {
        let count = checks.count
        body(&self)
        if checks.count == count { add(kind, subject, .passed) }
    }
}
