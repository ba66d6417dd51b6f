import DutyWorkflow
import Program

/// What a node does otherwise on its operator's word. Names and statuses are Charon's; what each of them changes here is
/// `Feature.meaning`. Source: operations.md §2.2, workflow.md §18.
package struct FeatureSet: Equatable, Sendable {
    /// Which features are on if nothing is said of them: those that have come as far as this.
    package enum Status: String, CaseIterable, Sendable { case alpha, beta, stable }

    enum Feature: String, CaseIterable, Sendable {
        case eagerDoubleLinear = "eager_double_linear"
        case consensusParticipate = "consensus_participate"
        case proposalTimeout = "proposal_timeout"
        case fetchOnlyCommitteeZero = "fetch_only_commidx_0"
        case linear
        case aggSigDBv2 = "aggsigdb_v2"
        case jsonRequests = "json_requests"
        case gnosisBlockHotfix = "gnosis_block_hotfix"
        case reorgDuties = "sse_reorg_duties"
        case attestationInclusion = "attestation_inclusion"
        case quic
        case chainSplitHalt = "chain_split_halt"
        case fetchOnBlock = "fetch_att_on_block"
        case fetchOnBlockWithDelay = "fetch_att_on_block_with_delay"
        case disableDutiesCache = "disable_duties_cache"
        case mockAlpha = "mock_alpha"
    }

    /// What of an operator's wishes changes nothing. For people.
    package struct Remark: Equatable, Sendable {
        package let name: String
        package let why: String
        /// The feature that may have been meant by an unknown name.
        package var meant: String?
        /// Whether the node does another thing than was asked for by name.
        package var isWarning = true
    }

    private var on: Set<Feature> = []
    /// Those that were asked for by name, for metrics.
    private(set) var asked: [String] = []
    package private(set) var remarks: [Remark] = []

    /// - Parameters:
    ///   - enable: names; those that no feature has are left out, with a remark.
    ///   - disable: the same; wins.
    package init(_ minimum: Status = .stable, enable: [String] = [], disable: [String] = []) {
        let (wanted, unwanted) = (read(enable), read(disable))
        on = Set(Feature.allCases.filter { minimum == .alpha || $0.isStable }).union(wanted).subtracting(unwanted)
        asked = wanted.filter { on.contains($0) }.map(\.rawValue).sorted()
        for feature in Feature.allCases {
            let isNamed = wanted.contains(feature) || unwanted.contains(feature)
            guard let (why, isWrong) = feature.meaning.remark(isOn: on.contains(feature), isNamed: isNamed) else {
                continue
            }
            remarks.append(Remark(name: feature.rawValue, why: why, isWarning: isWrong && isNamed))
        }
    }

    func isOn(_ feature: Feature) -> Bool { on.contains(feature) }

    private mutating func read(_ names: [String]) -> Set<Feature> {
        var features: Set<Feature> = []
        for name in names {
            if let feature = Feature(rawValue: name.lowercased()) {
                features.insert(feature)
            } else if !remarks.contains(where: { $0.name == name }) {
                let meant = Spelling.nearest(to: name.lowercased(), in: Feature.allCases.map(\.rawValue))
                remarks.append(Remark(name: name, why: "there is no such feature", meant: meant))
            }
        }
        return features
    }

    var consensus: ConsensusPreferences {
        var preferences = ConsensusPreferences()
        preferences.isEager = isOn(.eagerDoubleLinear)
        preferences.isLinearForProposals = isOn(.linear)
        preferences.hasProposalTimeout = isOn(.proposalTimeout)
        preferences.joinsEarly = isOn(.consensusParticipate)
        preferences.haltsOnChainSplit = isOn(.chainSplitHalt)
        return preferences
    }
}

extension FeatureSet.Feature {
    enum Meaning {
        /// On and off are two things.
        case changes
        /// The node does it whatever is said.
        case always(String)
        /// The node does not have it.
        case never(String)
        /// Nothing depends on it.
        case nothing(String)

        /// Nil when the operator gets what was asked for.
        func remark(isOn: Bool, isNamed: Bool) -> (why: String, isWrong: Bool)? {
            switch self {
            case .changes: nil
            case .always(let why): isNamed && !isOn ? (why, true) : nil
            case .never(let why): isOn ? (why, true) : nil
            case .nothing(let why): isNamed ? (why, false) : nil
            }
        }
    }

    var isStable: Bool {
        switch self {
        case .eagerDoubleLinear, .consensusParticipate, .proposalTimeout, .fetchOnlyCommitteeZero: true
        default: false
        }
    }

    var meaning: Meaning {
        switch self {
        case .eagerDoubleLinear, .consensusParticipate, .proposalTimeout, .linear, .jsonRequests, .chainSplitHalt,
            .disableDutiesCache, .attestationInclusion:
            .changes
        case .fetchOnlyCommitteeZero: .always("one question is asked for all committees, in every fork that allows it")
        case .reorgDuties: .always("duties are always asked for again when the chain leaves what they depend on")
        case .quic: .never("QUIC is not offered; peers connect over TCP")
        case .fetchOnBlock, .fetchOnBlockWithDelay:
            .never("attestation data are asked for at a third of the slot, not when a block comes")
        case .aggSigDBv2: .nothing("it is about the inside of another program")
        case .gnosisBlockHotfix: .nothing("blocks of Gnosis need no special treatment")
        case .mockAlpha: .nothing("it is for tests")
        }
    }
}
