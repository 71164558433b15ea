import js from "@eslint/js";
import tseslint from "typescript-eslint";

/** Files whose result depends on their arguments alone: no clock, no randomness, no I/O (see .dependency-cruiser.cjs for the imports). */
const pureFiles = [
  "src/events/*.ts",
  "src/events/store/*.ts",
  "src/events/store/append/*.ts",
  "src/commands/**",
  "src/projections/*.ts",
  "src/projections/!(store)/**",
  "src/projections/store/*.ts",
];

export default tseslint.config(
  { ignores: ["dist/", "dist.building-*/", "coverage/", "data/"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "no-console": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "@typescript-eslint/consistent-type-imports": [
        "error",
        { fixStyle: "separate-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // A port's method that an adapter can answer at once is still asynchronous.
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: pureFiles,
    rules: {
      "no-restricted-globals": [
        "error",
        "setTimeout",
        "setInterval",
        "setImmediate",
        "fetch",
        "performance",
        "process",
      ],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "Pure files take the time as a parameter." },
        { object: "Math", property: "random", message: "Pure files take randomness as a parameter." },
        { object: "crypto", property: "randomUUID", message: "Pure files take ids as a parameter." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: "Pure files take the time as a parameter.",
        },
      ],
    },
  },
  { files: ["bench/**", "scripts/**", "test/**", "src/main.ts"], rules: { "no-console": "off" } },
  {
    files: ["test/**", "bench/**", "scripts/**"],
    rules: { "@typescript-eslint/no-non-null-assertion": "off", "@typescript-eslint/no-unnecessary-condition": "off" },
  },
  { files: ["**/*.js", "**/*.cjs"], extends: [tseslint.configs.disableTypeChecked] },
);
