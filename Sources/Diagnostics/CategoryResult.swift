import Program
import SSZ

/// All that a category's cases said.
package struct CategoryResult: Sendable {
    package let category: Category
    /// Sorted by name, each with its cases in order.
    let targets: [(name: String, results: [CaseResult])]
    let executionTime: Duration

    package var score: Score? { category.score(targets.map { Score($0.results) }) }

    /// Empty members are left out, except for the time. Source: spec/cli-create.md §13.
    package var json: JSONValue {
        var object = JSONObject([("category_name", .string(category.rawValue))])
        if !targets.isEmpty {
            let members = targets.map { ($0.name, JSONValue.array($0.results.map(\.json))) }
            object.append("targets", .object(JSONObject(members)))
        }
        object.append("execution_time", .string(GoDuration.format(executionTime)))
        if let score { object.append("score", .string(score.rawValue)) }
        return .object(object)
    }
}
