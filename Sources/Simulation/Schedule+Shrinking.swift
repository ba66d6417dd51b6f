/// Making a failing schedule small.
extension Schedule {
    /// Takes away what is not needed for the failure, until nothing more can go.
    ///
    /// - Parameter fails: whether a schedule still fails; the same for the same schedule.
    package func shrunk(while fails: (Schedule) -> Bool) -> Schedule {
        var smallest = self
        while let smaller = smallest.smaller().first(where: fails) { smallest = smaller }
        return smallest
    }

    /// Each a little less than this one, what takes away most first.
    private func smaller() -> [Schedule] {
        var all: [Schedule] = []
        func add(_ change: (inout Schedule) -> Void) {
            var other = self
            change(&other)
            if other != self { all.append(other) }
        }
        add { $0.acts = [] }
        for index in acts.indices { add { $0.acts.remove(at: index) } }
        add { $0.adversary = .none }
        add { $0.slots = max(1, slots / 2) }
        add { $0.slots = max(1, slots - 1) }
        add { $0.loss = 0 }
        add { $0.duplicates = 0 }
        add { $0.late = 0 }
        add { $0.otherHeads = 0 }
        add { $0.refusedBroadcasts = 0 }
        add { $0.delayMax = 20 }
        add { $0.commitMax = 5 }
        add { $0.validators = max(1, validators - 1) }
        for index in acts.indices { add { $0.acts[index] = acts[index].shorter } }
        return all
    }
}

extension Schedule.Act {
    /// Half as long, down to some milliseconds.
    fileprivate var shorter: Schedule.Act {
        func half(_ length: Int) -> Int { length > 20 ? length / 2 : length }
        switch self {
        case .crash(let node, let at, let length): return .crash(node: node, at: at, for: half(length))
        case .powerCut(let at, let length): return .powerCut(at: at, for: half(length))
        case .partition(let cut, let at, let length): return .partition(cut: cut, at: at, for: half(length))
        case .clockStep(let node, let step, let at, let length):
            return .clockStep(node: node, by: step, at: at, for: half(length))
        }
    }
}
