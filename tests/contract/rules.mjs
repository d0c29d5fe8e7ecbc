// The rules of this contract beside those of Redocly, as a plugin of its linter (redocly.yaml). self_test.mjs plants one
// fault per rule.

// A sentence that begins with one of these words can't be read alone.
const DEPENDENT = new Set(
  ('it its what whatever where wherever who whoever whom whose whether why when whenever how which whichever those they ' +
    'their them this that these he she his her').split(' '),
);

// Names of the browser (lib.dom.d.ts, lib.es5.d.ts) and words that don't say of what.
const BARE_NAMES = new Set(
  ('Attr Blob Body Cache Choice Comment Credential Credentials Date Detail Details Direction Document Element Entry Error ' +
    'Event EventList Fault File Health History Image Info Item Kind Level Link Links List Location Lock Map Maturity Me Move ' +
    'Name Node Notification Number Object Option Outcome Page Patch Performance Permissions Plan Priority Range Readiness ' +
    'Record Reference Report Request Response Result Role Screen Selection Service Set State Status Storage String Symbol ' +
    'Tally Task Text Token Tokens Totals Type Value Verdict Window Word').split(' '),
);

// The line of every operation that says who may perform it.
const WHO_MAY = 'Who may: ';

const WRITES = ['post', 'put', 'patch', 'delete'];

/** The sentences of a text, without the marks of Markdown before them. */
function sentences(text) {
  return text
    .split(/(?<=[.!?])\**\s+|\n+|\s·\s/u)
    .map((sentence) => sentence.replace(/^(?:[\s>#*_–—-]|\d+\.\s)+/u, ''));
}

/** The first word of a sentence, if the word is dependent. After an abbreviation ("e.g. where") no sentence begins. */
function dependentWord(sentence) {
  if (sentence.startsWith(WHO_MAY)) return undefined;
  const word = /^[A-Z][a-z]*/u.exec(sentence)?.[0];
  return word !== undefined && DEPENDENT.has(word.toLowerCase()) ? word : undefined;
}

/** Every description and summary, at whatever level, except inside of values. */
function SentencesStandAlone() {
  const check = (node, { report, location }) => {
    for (const field of ['summary', 'description']) {
      const text = node?.[field];
      if (typeof text !== 'string') continue;
      const dependent = sentences(text).find(dependentWord);
      if (dependent !== undefined) {
        report({
          message: `A sentence names its subject and doesn't begin with "${dependentWord(dependent)}": ${dependent}`,
          location: location.child([field]),
        });
      }
    }
  };
  const types =
    'Info Tag Server Operation Parameter RequestBody Response Header Schema Example SecurityScheme Link PathItem ExternalDocs';
  return Object.fromEntries(types.split(' ').map((type) => [type, { enter: check }]));
}

function ParameterComponentsEndInParam() {
  return {
    NamedParameters(parameters, { report, location }) {
      for (const name of Object.keys(parameters)) {
        if (!name.endsWith('Param')) {
          report({ message: `The component is a parameter: ${name}Param`, location: location.child([name]).key() });
        }
      }
    },
  };
}

/** "Try it out" of a reader sends the examples of all parameters. */
function NoExampleOnOptionalParameters() {
  return {
    Parameter(parameter, { report, location, resolve }) {
      if (parameter.required === true) return;
      const schema = parameter.schema && (resolve(parameter.schema).node ?? parameter.schema);
      const holder = [parameter, schema].find((of) => of?.example !== undefined || of?.examples !== undefined);
      if (holder !== undefined) {
        report({
          message: `A reader fills the example of the optional parameter "${parameter.name}" into every request.`,
          location: (holder === parameter ? location : location.child(['schema'])).key(),
        });
      }
    },
  };
}

/** `x-roles` is for programs, the line for people; both come from the table that the service enforces. */
function WritesSayWhoMay() {
  return {
    PathItem(item, { report, location }) {
      for (const method of WRITES.filter((one) => item[one] !== undefined)) {
        const { description, 'x-roles': roles } = item[method];
        if (!Array.isArray(roles) || roles.length === 0) {
          report({ message: 'A write lists the roles that may do it in x-roles.', location: location.child([method]).key() });
        } else if (!description?.includes(WHO_MAY)) {
          report({ message: `A write has a line "${WHO_MAY}" in its description.`, location: location.child([method, 'description']) });
        }
      }
    },
  };
}

const isJson = (type) => /^application\/(?:[\w.-]+\+)?json$/u.test(type);

function OperationsHaveExamples() {
  const check = (content, location, report, what) => {
    for (const [type, media] of Object.entries(content ?? {})) {
      if (isJson(type) && media.example === undefined && Object.keys(media.examples ?? {}).length === 0) {
        report({ message: `${what} has no example.`, location: location.child(['content', type]).key() });
      }
    }
  };
  return {
    Operation(operation, { report, location, resolve }) {
      const { operationId } = operation;
      if (operation.requestBody !== undefined) {
        const body = resolve(operation.requestBody).node ?? operation.requestBody;
        check(body.content, location.child(['requestBody']), report, `The body of ${operationId}`);
      }
      for (const [status, response] of Object.entries(operation.responses ?? {})) {
        if (!/^2/u.test(status)) continue;
        const answer = resolve(response).node ?? response;
        check(answer.content, location.child(['responses', status]), report, `The answer ${status} of ${operationId}`);
      }
    },
  };
}

function SchemaNamesSayOfWhat() {
  return {
    NamedSchemas(schemas, { report, location }) {
      for (const name of Object.keys(schemas)) {
        if (BARE_NAMES.has(name)) {
          report({
            message: `"${name}" doesn't say of what, or hides a type of the browser.`,
            location: location.child([name]).key(),
          });
        }
      }
    },
  };
}

// A cycle has five steps.
const LISTS_OF_FIXED_LENGTH = new Set(['listSteps']);

function ListsArePaged() {
  return {
    Operation(operation, { report, location, resolve }) {
      const media = operation.responses?.['200']?.content?.['application/json'];
      if (media?.schema === undefined || LISTS_OF_FIXED_LENGTH.has(operation.operationId)) return;
      const page = resolve(media.schema).node ?? media.schema;
      const isPage = page?.properties?.items !== undefined && page.properties.next !== undefined;
      if (!isPage && !/^list[A-Z]/u.test(operation.operationId ?? '')) return;
      const given = (operation.parameters ?? []).map((parameter) => (resolve(parameter).node ?? parameter).name);
      const missing = ['limit', 'cursor', 'count'].filter((name) => !given.includes(name));
      if (missing.length > 0) {
        report({
          message: `The list ${operation.operationId} doesn't take ${missing.join(', ')}.`,
          location: location.child(['operationId']),
        });
      }
    },
  };
}

/**
 * Generators name an enum by its component; an inline one becomes `Sort2` or a union without a name. The values that tell
 * one case of a union from the others belong to the case.
 */
function EnumsAreComponents() {
  const cases = new Set();
  return {
    Root: {
      enter({ components }) {
        for (const { oneOf = [] } of Object.values(components?.schemas ?? {})) {
          oneOf.forEach(({ $ref }) => cases.add($ref));
        }
      },
    },
    Schema(schema, { report, location }) {
      const [component, inside] = /^(#\/components\/schemas\/[^/]+)(.*)$/u.exec(location.pointer)?.slice(1) ?? [];
      const belongs = component !== undefined && (inside === '' || cases.has(component));
      if (Array.isArray(schema.enum) && schema.enum.length > 1 && !belongs) {
        report({ message: 'An enum is a component with a name.', location: location.child(['enum']) });
      }
    },
  };
}

/** A client reads every refusal in one way: as the problem of the response `default`, by its code. */
function OperationsDocumentProblems() {
  return {
    Operation(operation, { report, location, resolve }) {
      const groups = operation['x-problem-groups'];
      if (!Array.isArray(groups) || groups.length === 0) {
        report({ message: 'An operation lists the groups of its problems in x-problem-groups.', location: location.key() });
        return;
      }
      const response = operation.responses.default;
      const problem = response && (resolve(response).node ?? response);
      if (problem?.content?.['application/problem+json'] === undefined) {
        report({ message: 'An operation has a response `default` with its problems.', location: location.child(['responses']).key() });
      }
      if (operation.security === undefined && !groups.includes('signedIn')) {
        report({ message: 'An operation of a signed-in user can be unauthenticated.', location: location.child(['x-problem-groups']) });
      }
    },
  };
}

export default function plugin() {
  return {
    id: 'contract',
    rules: {
      oas3: {
        'sentences-stand-alone': SentencesStandAlone,
        'parameter-components-end-in-param': ParameterComponentsEndInParam,
        'no-example-on-optional-parameters': NoExampleOnOptionalParameters,
        'writes-say-who-may': WritesSayWhoMay,
        'operations-have-examples': OperationsHaveExamples,
        'schema-names-say-of-what': SchemaNamesSayOfWhat,
        'lists-are-paged': ListsArePaged,
        'enums-are-components': EnumsAreComponents,
        'operations-document-problems': OperationsDocumentProblems,
      },
    },
  };
}
