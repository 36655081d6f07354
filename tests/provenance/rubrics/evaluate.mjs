// Evaluates one C2PA asset rubric over one crJSON document, both given as JSON on standard input.
// Named expressions see their first argument as `@` and all of them as `$args`, as the rubric files use them.
import { readFileSync } from 'node:fs';
import JsonFormula from '@adobe/json-formula';

const { rubric, statements, crjson } = JSON.parse(readFileSync(0, 'utf8'));
const globals = { ...rubric.variables };
const functions = {};

function evaluate(expression, context, extra = {}) {
  const debug = [];
  const result = new JsonFormula(functions, null, debug).search(expression, context, { ...globals, ...extra });
  return { result, debug };
}

for (const [name, expression] of Object.entries(rubric.expressions ?? {})) {
  functions[name] = {
    _func: (args, context) => evaluate(expression, args.length ? args[0] : context, { $args: args }).result,
    _signature: Array.from({ length: 3 }, () => ({ types: [1], optional: true })),
  };
}

function matched(value) {
  if (Array.isArray(value)) return value.length > 0;
  if (value && typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value);
}

const report = statements.map((statement) => {
  const { result, debug } = evaluate(statement.expression, crjson);
  const found = matched(result);
  const passed = statement.failIfMatched || statement.warnIfMatched ? !found : found;
  return { id: statement.id, passed, result, debug };
});
process.stdout.write(JSON.stringify(report));
