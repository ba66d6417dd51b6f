import Secp256k1

/// Who takes part in an edit, in order, and what becomes of each. Identity keys tell operators apart, not the texts of
/// their records: one key may have signed several.
struct Roster {
    typealias Flag = ReshareEdit.Flag
    typealias Participant = ResharePlan.Participant

    let participants: [Participant]
    let threshold: Int
    private(set) var warnings: [String] = []
    private let edit: ReshareEdit

    init(_ edit: ReshareEdit, _ file: LockFile) throws(ClusterError) {
        let members = Members(file)
        self.edit = edit
        switch edit {
        case .recreatePrivateKeys:
            participants = members.all.map { members.participant($0, .stays(old: $0, new: $0)) }
            threshold = members.threshold
        case .addOperators(let enrs):
            participants = try members.adding(enrs)
            threshold = members.threshold
            warnings = Self.warnings(threshold: threshold, nodes: participants.count)
        case .removeOperators(let enrs, let participating, let newThreshold):
            let removed = try members.removed(enrs, participating: participating)
            let order = try members.taking(participating, removed: removed)
            let staying = members.all.filter { !removed.contains($0) }
            participants = order.map { old in
                members.participant(
                    old, staying.firstIndex(of: old).map { .stays(old: old, new: $0) } ?? .leaves(old: old))
            }
            threshold = try Self.threshold(newThreshold, nodes: staying.count)
            if order != order.sorted() {
                warnings.append(
                    "\(Flag.participating) is not in the order of the lock: every operator has to give the very same order"
                )
            }
        case .replaceOperator(let old, let new):
            participants = try members.replacing(old, new)
            threshold = members.threshold
        }
    }

    /// Where this node is among the participants.
    func position(of identity: PublicKey) throws(ClusterError) -> Int {
        if let position = participants.firstIndex(where: { $0.identity == identity }) { return position }
        let cure: String =
            switch edit {
            case .recreatePrivateKeys: "it belongs to no operator of the lock; use this cluster's identity key"
            case .addOperators:
                "it belongs neither to an operator of the lock nor to one of \(Flag.new); use this cluster's identity key,"
                    + " or have this node's ENR (styx enr) in that list"
            case .removeOperators:
                "it does not take part: an operator who leaves does so only if \(Flag.participating) names it, and"
                    + " otherwise has nothing to do but to stop its node when the others have changed over"
            case .replaceOperator:
                "it does not take part: the operator of \(Flag.replaced) has nothing to do but to stop its node when the"
                    + " others have changed over; all others use this cluster's identity key, the new operator its own"
            }
        throw .option(Flag.identity, cure)
    }

    /// Source: spec/dkg.md §9.
    private static func threshold(_ wanted: Int?, nodes: Int) throws(ClusterError) -> Int {
        let usual = ClusterRules.defaultThreshold(nodes: nodes)
        guard let wanted else { return usual }
        guard wanted >= usual, wanted < nodes else {
            let range = usual < nodes ? "from \(usual) to \(nodes - 1)" : "none"
            throw .option(
                Flag.threshold,
                "\(wanted) cannot be with \(nodes) operators; possible: \(range). Without the flag it is \(usual)")
        }
        return wanted
    }

    /// The threshold stays while operators join: Charon's rule, so everybody's.
    private static func warnings(threshold: Int, nodes: Int) -> [String] {
        let usual = ClusterRules.defaultThreshold(nodes: nodes)
        guard threshold < usual else { return [] }
        var cost = "\(threshold) operators who collude, or whose keys leak, can sign anything"
        if 2 * threshold <= nodes {
            cost += ", and two halves of the cluster that do not see each other could sign two things and be slashed"
        }
        return ["the threshold stays at \(threshold), of \(nodes) nodes then instead of the usual \(usual): \(cost)"]
    }
}

/// The operators of a lock, as flags name them.
private struct Members {
    typealias Flag = ReshareEdit.Flag
    typealias Participant = ResharePlan.Participant

    let operators: [Operator]
    let keys: [PublicKey]
    let threshold: Int

    init(_ file: LockFile) {
        operators = file.lock.definition.operators
        keys = file.keys.operators
        threshold = file.lock.definition.threshold
    }

    var all: Range<Int> { keys.indices }

    func participant(_ old: Int, _ seat: ResharePlan.Seat) -> Participant {
        Participant(enr: operators[old].enr, identity: keys[old], seat: seat)
    }

    // MARK: Edits

    func adding(_ enrs: [String]) throws(ClusterError) -> [Participant] {
        guard !enrs.isEmpty else {
            throw .option(Flag.new, "missing: name the new operators' ENRs, the same list on every node")
        }
        var participants = all.map { participant($0, .stays(old: $0, new: $0)) }
        for (i, key) in try Self.keys(of: enrs, Flag.new).enumerated() {
            try checkNew(key, Flag.new, i)
            participants.append(Participant(enr: enrs[i], identity: key, seat: .joins(new: participants.count)))
        }
        guard participants.count <= FileLimits.operators else {
            throw .option(
                Flag.new, "\(participants.count) operators in all; a cluster has at most \(FileLimits.operators)")
        }
        return participants
    }

    func replacing(_ old: String, _ new: String) throws(ClusterError) -> [Participant] {
        guard !old.isEmpty else { throw .option(Flag.replaced, "missing: name the operator who leaves") }
        guard !new.isEmpty else { throw .option(Flag.replacement, "missing: name the operator who takes the seat") }
        let (oldKey, newKey) = (try Self.key(of: old, Flag.replaced), try Self.key(of: new, Flag.replacement))
        guard oldKey != newKey else {
            throw .option(Flag.replacement, "the same identity as \(Flag.replaced): nobody would be replaced")
        }
        try checkNew(newKey, Flag.replacement)
        let seat = try position(of: oldKey, Flag.replaced)
        return all.map { i in
            i == seat
                ? Participant(enr: new, identity: newKey, seat: .joins(new: i)) : participant(i, .stays(old: i, new: i))
        }
    }

    /// Positions of those who leave, ascending.
    func removed(_ enrs: [String], participating: [String]) throws(ClusterError) -> [Int] {
        guard !enrs.isEmpty else {
            throw .option(
                Flag.removed, "missing: name the ENRs of the operators who leave, the same list on every node")
        }
        let removed = try positions(of: enrs, Flag.removed)
        let left = keys.count - removed.count
        guard left > 0 else {
            throw .option(Flag.removed, "all operators would leave; at least one has to stay")
        }
        try ClusterRules.checkNodes(left, Flag.removed)
        let spare = keys.count - threshold
        guard removed.count <= spare || !participating.isEmpty else {
            throw .option(
                Flag.removed,
                "\(removed.count) operators would leave, and without them \(left) remain where the shares of \(threshold)"
                    + " are needed: name at least \(threshold) operators, of those who leave too, with"
                    + " \(Flag.participating)")
        }
        return removed.sorted()
    }

    /// Positions of those who take part, in order.
    func taking(_ participating: [String], removed: [Int]) throws(ClusterError) -> [Int] {
        let staying = all.filter { !removed.contains($0) }
        guard !participating.isEmpty else { return staying }
        let taking = try positions(of: participating, Flag.participating)
        guard taking.count >= threshold else {
            throw .option(
                Flag.participating,
                "\(taking.count) operators; the shares of \(threshold) are needed to make new ones: name more of them")
        }
        // The lock would list an operator without a share.
        if let missing = staying.first(where: { !taking.contains($0) }) {
            throw .option(
                Flag.participating,
                "operator \(missing) (\(operators[missing].enr)) stays in the cluster but is not in the list, so it would"
                    + " get no key shares; add it, or name it in \(Flag.removed) too")
        }
        return taking
    }

    // MARK: Node records

    private func checkNew(_ key: PublicKey, _ flag: String, _ i: Int? = nil) throws(ClusterError) {
        guard let taken = keys.firstIndex(of: key) else { return }
        throw .option(
            flag, "\(i.map { "number \($0 + 1) " } ?? "")is operator \(taken) of the lock already; name a new one")
    }

    private func position(of key: PublicKey, _ flag: String, _ i: Int? = nil) throws(ClusterError) -> Int {
        guard let position = keys.firstIndex(of: key) else {
            throw .option(
                flag,
                "\(i.map { "number \($0 + 1) " } ?? "")is no operator of the lock; `styx cluster inspect` of the lock"
                    + " shows who is")
        }
        return position
    }

    private func positions(of enrs: [String], _ flag: String) throws(ClusterError) -> [Int] {
        var positions: [Int] = []
        for (i, key) in try Self.keys(of: enrs, flag).enumerated() { positions.append(try position(of: key, flag, i)) }
        return positions
    }

    /// Each once.
    private static func keys(of enrs: [String], _ flag: String) throws(ClusterError) -> [PublicKey] {
        guard enrs.count <= FileLimits.operators else {
            throw .option(flag, "\(enrs.count) ENRs; a cluster has at most \(FileLimits.operators) nodes")
        }
        var keys: [PublicKey] = []
        for (i, text) in enrs.enumerated() {
            let key = try key(of: text, flag, i)
            if let first = keys.firstIndex(of: key) {
                throw .option(flag, "number \(i + 1) is the same operator as number \(first + 1)")
            }
            keys.append(key)
        }
        return keys
    }

    private static func key(of text: String, _ flag: String, _ i: Int? = nil) throws(ClusterError) -> PublicKey {
        do throws(ENRError) { return try ENR(text).publicKey } catch {
            throw .option(flag, (i.map { "number \($0 + 1): " } ?? "") + "\(error)")
        }
    }
}
