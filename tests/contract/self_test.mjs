// Plants faults in the document, and fails for each that the rules don't find: `make contract-lint`.
//
// Usage: self_test.mjs <the document as JSON> <folder for the changed documents>

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [source, folder] = process.argv.slice(2);
const config = join(import.meta.dirname, 'redocly.yaml');
const read = () => JSON.parse(readFileSync(source, 'utf8'));

/** The pointer to a value below a list of keys. */
const pointer = (...keys) => `#/${keys.map((key) => String(key).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`;

/** The keys of the first operation that has a property, at whatever method. */
function operation(document, has) {
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of ['get', 'post', 'put', 'patch', 'delete']) {
      if (item[method] !== undefined && has(item[method], method)) return ['paths', path, method];
    }
  }
  throw new Error('no operation of the document is suitable');
}
const at = (document, keys) => keys.reduce((value, key) => value[key], document);
const name = (document, kind, has) => Object.keys(document.components[kind]).find((key) => has(document.components[kind][key]));

// A rule, and a function that plants a fault and returns the pointer at which the rule has to find it.
const faults = [
  ['contract/sentences-stand-alone', (document) => {
    const keys = operation(document, () => true);
    at(document, keys).description = 'Returns the resource. It has a version.';
    return pointer(...keys, 'description');
  }],
  ['contract/sentences-stand-alone', (document) => {
    const schema = name(document, 'schemas', (one) => one.properties !== undefined);
    document.components.schemas[schema].description = '**Whether** the caller may.';
    return pointer('components', 'schemas', schema, 'description');
  }],
  ['contract/parameter-components-end-in-param', (document) => {
    document.components.parameters.Planted = { name: 'planted', in: 'query', description: 'A parameter.', schema: { type: 'string' } };
    return pointer('components', 'parameters', 'Planted');
  }],
  ['contract/no-example-on-optional-parameters', (document) => {
    const parameter = name(document, 'parameters', (one) => one.in === 'query' && one.required !== true);
    document.components.parameters[parameter].example = 'planted';
    return pointer('components', 'parameters', parameter);
  }],
  ['contract/no-example-on-optional-parameters', (document) => {
    const parameter = name(document, 'parameters', (one) => one.in === 'header' && one.required !== true);
    document.components.parameters[parameter].schema = { type: 'string', example: 'planted' };
    return pointer('components', 'parameters', parameter, 'schema');
  }],
  ['contract/writes-say-who-may', (document) => {
    const keys = operation(document, (_, method) => method === 'delete');
    delete at(document, keys)['x-roles'];
    return pointer(...keys);
  }],
  ['contract/writes-say-who-may', (document) => {
    const keys = operation(document, (_, method) => method === 'patch');
    at(document, keys).description = 'Changes the resource.';
    return pointer(...keys, 'description');
  }],
  ['contract/operations-have-examples', (document) => {
    const keys = operation(document, (one) => one.responses['200']?.content?.['application/json'] !== undefined);
    keys.push('responses', '200', 'content', 'application/json');
    delete at(document, keys).example;
    delete at(document, keys).examples;
    return pointer(...keys);
  }],
  ['contract/operations-have-examples', (document) => {
    const keys = operation(document, (one) => one.requestBody?.content?.['application/json'] !== undefined);
    keys.push('requestBody', 'content', 'application/json');
    delete at(document, keys).example;
    delete at(document, keys).examples;
    return pointer(...keys);
  }],
  ['contract/schema-names-say-of-what', (document) => {
    document.components.schemas.Event = { type: 'object', description: 'An event.' };
    return pointer('components', 'schemas', 'Event');
  }],
  ['contract/lists-are-paged', (document) => {
    const keys = operation(document, (one) => /^list/.test(one.operationId));
    at(document, keys).parameters = [];
    return pointer(...keys, 'operationId');
  }],
  ['contract/enums-are-components', (document) => {
    const keys = operation(document, (one, method) => method === 'get' && one.parameters !== undefined);
    const parameter = { name: 'planted', in: 'query', description: 'A parameter.', schema: { type: 'string', enum: ['a', 'b'] } };
    const index = at(document, keys).parameters.push(parameter) - 1;
    return pointer(...keys, 'parameters', index, 'schema', 'enum');
  }],
  ['no-invalid-media-type-examples', (document) => {
    const keys = operation(document, (one) => one.responses['201']?.content?.['application/json'] !== undefined);
    keys.push('responses', '201', 'content', 'application/json');
    delete at(document, keys).examples;
    at(document, keys).example = 7;
    return pointer(...keys, 'example');
  }],
  ['contract/enums-are-components', (document) => {
    const schema = name(document, 'schemas', (one) => one.properties?.version !== undefined);
    document.components.schemas[schema].properties.version = { type: 'string', description: 'A word.', enum: ['a', 'b'] };
    return pointer('components', 'schemas', schema, 'properties', 'version', 'enum');
  }],
  ['contract/operations-document-problems', (document) => {
    const keys = operation(document, (one) => one['x-problem-groups'] !== undefined);
    delete at(document, keys)['x-problem-groups'];
    return pointer(...keys);
  }],
  ['contract/operations-document-problems', (document) => {
    const keys = operation(document, (one, method) => method === 'put' && one.responses.default !== undefined);
    delete at(document, keys).responses.default;
    return pointer(...keys, 'responses');
  }],
  ['contract/operations-document-problems', (document) => {
    const has = ({ security, 'x-problem-groups': groups }) => security === undefined && groups?.includes('signedIn');
    const keys = [...operation(document, has), 'x-problem-groups'];
    at(document, keys.slice(0, -1))['x-problem-groups'] = ['api'];
    return pointer(...keys);
  }],
  ['path-segment-plural', (document) => {
    document.paths['/v1/planted'] = at(document, operation(document, () => true).slice(0, 2));
    return pointer('paths', '/v1/planted');
  }],
];

// A change that breaks a client of the document, by the rule that has to find it.
const changes = [
  ['operation-removed', (document) => {
    const [, path, method] = operation(document, (_, kind) => kind === 'delete');
    delete document.paths[path][method];
  }],
  ['property-removed', (document) => {
    const schema = name(document, 'schemas', (one) => one.properties?.accessToken !== undefined);
    delete document.components.schemas[schema].properties.accessToken;
  }],
  ['required-properties-added', (document) => {
    const optional = document.components.schemas.NewActivity;
    optional.required = Object.keys(optional.properties);
  }],
];

/** The JSON that Redocly prints, also when it finds something. */
function redocly(...args) {
  try {
    return JSON.parse(execFileSync('redocly', [...args, '--config', config, '--format', 'json'], { stdio: 'pipe', maxBuffer: 1 << 28 }));
  } catch (error) {
    if (error.status === 1 && error.stdout.length > 0) return JSON.parse(error.stdout);
    throw error;
  }
}

function write(document, file) {
  const path = join(folder, file);
  writeFileSync(path, JSON.stringify(document));
  return path;
}

let missed = 0;
function expect(found, what) {
  if (!found) {
    console.error(`contract-lint: the planted fault is not found: ${what}`);
    missed += 1;
  }
}

const planted = read();
const places = faults.map(([rule, plant]) => [rule, plant(planted)]);
const { problems } = redocly('lint', write(planted, 'planted.json'), '--max-problems', '10000');
for (const [rule, place] of places) {
  expect(problems.some((one) => one.ruleId === rule && one.location[0].pointer === place), `${rule} at ${place}`);
}

const broken = read();
changes.forEach(([, change]) => change(broken));
const diff = redocly('diff', source, write(broken, 'broken.json'), '--fail-on', 'major');
const verdicts = diff.changes.flatMap((change) => change.verdicts).filter(({ impact }) => impact === 'major');
for (const [rule] of changes) {
  expect(verdicts.some(({ ruleId }) => ruleId === rule), rule);
}

if (missed > 0) process.exit(1);
console.error(`contract-lint: all ${faults.length + changes.length} planted faults are found`);
