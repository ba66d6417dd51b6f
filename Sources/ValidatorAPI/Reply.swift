import BeaconAPI
import HTTPTypes
import Hummingbird
import SSZ

/// What an endpoint answers.
enum Reply: Sendable {
    /// 200 without body and content type.
    case empty
    case json(JSONValue, headers: HeaderFields = [:])
    case ssz([UInt8], headers: HeaderFields = [:])
    /// A beacon node's answer as it comes.
    case stream(ProxyResponse)

    var status: Int {
        switch self {
        case .empty, .json, .ssz: 200
        case .stream(let response): response.status
        }
    }
}

extension Response {
    static func json(_ json: JSONValue, status: Int = 200, headers: HeaderFields = [:]) -> Response {
        data(json.bytes(), MediaType.json, status, headers)
    }

    static func ssz(_ bytes: [UInt8], headers: HeaderFields) -> Response { data(bytes, MediaType.ssz, 200, headers) }

    private static func data(
        _ bytes: [UInt8], _ mediaType: String, _ status: Int, _ headers: HeaderFields
    ) -> Response {
        var fields = HTTPFields(headers)
        fields[.contentType] = mediaType
        return Response(
            status: .init(code: status), headers: fields, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static func fault(_ fault: APIFault) -> Response {
        var response = json(fault.body.json(), status: fault.status)
        if fault.closesConnection { response.headers[.connection] = "close" }
        if let allowed = fault.allowed { response.headers[.allow] = allowed }
        return response
    }
}

extension HTTPFields {
    init(_ fields: HeaderFields) {
        self.init()
        for field in fields.fields {
            if let name = HTTPField.Name(field.name) { append(HTTPField(name: name, value: field.value)) }
        }
    }

    var headerFields: HeaderFields { HeaderFields(map { HeaderFields.Field($0.name.rawName, $0.value) }) }
}
