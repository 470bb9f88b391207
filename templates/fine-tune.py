# %% [markdown]
# # Fine-tune a model with Azure OpenAI
#
# **Time:** {{ minutes(45) }} of reading and trying things out; a run from top to bottom takes about one minute · **Cost:** nothing on the simulator · **You need:** to be able to read Python
#
# A support team answers its customers in a voice of its own. In this lab you teach that voice to a language model: you start with {{ number(72) }} conversations of Brisa, a bike-sharing service that we invented, and you end with a deployed model that answers new customers the way the team would. Then you measure whether the training was worth it.
#
# Afterwards you will be able to
#
# - check a training file before a service does, and say how many tokens it has and what training on it will cost;
# - run a fine-tuning job, follow it, and read its curves;
# - deploy the result and compare it fairly with a model that was not tuned;
# - leave nothing behind that costs money.

# %% [markdown] tags=["instructor"]
# **Teaching note: a plan for the class.** {{ minutes(75) }} with discussion. The day before, let everybody install the kit and run the notebook once with `kit run fine-tune`; then no class time goes into installing. In class, let learners write down what they expect before they run a cell with a result. The whole notebook computes for about one minute.
#
# | Steps | Minutes | What learners should see | What usually goes wrong |
# |---|--:|---|---|
# | 1–2 | 5 | The language, the simulator, and then a table with the prices of the model. | `No module named 'kit'`: the notebook runs in another kernel than the one that the kit was installed for. |
# | 3 | 5 | A conversation of three messages: system, user, assistant. | They read the question and skim the answer. Let them name its three parts before the text does. |
# | 4 | 15 | 72 and 24 examples that are ready for upload, and a plan that costs far less than the budget. | The identifier of the language is written without quotation marks, and Python answers with a `NameError`. |
# | 5–6 | 10 | Two files with the status `processed`, and the id of a job. | Somebody runs a cell twice and wonders why nothing happens. That is the ledger; ask what would have happened without it. |
# | 7–8 | 10 | A status that changes, the curves, and three checkpoints. | The jagged training curve is read point by point. Each of its points comes from one small batch only. |
# | 9–10 | 15 | The tuned model is far ahead in both measures, and it signs like the team. | A similarity of {{ number(50) }} is taken to mean that half of the answers are right. |
# | 11 | 10 | A training loss that comes close to 0 while the validation loss rises. | `my_epochs` has a new value, but only one of the three cells is run. |
# | 12 | 5 | A list with nothing in it, and the score of the self-checks. | Time is up and the step is left out. On Azure that is the expensive mistake, because hosting is billed by the hour. |

# %% [markdown]
# ## Where this notebook runs
#
# **On the simulator, as it stands.** The set-up cell starts a stand-in for Azure on this computer. It speaks the same protocol as the service, so the cells below are the ones you would run on Azure, with the same official clients. It has no large model inside. It trains a very small one on your file, for real and within seconds: a tiny model picks up the style and gets some facts wrong, and you will see both.
#
# **On Azure, when you change `backend` to `"azure"`.** Then you need
#
# - an Azure subscription and a Microsoft Foundry resource in a [region that offers fine-tuning]({{ doc("fine-tuning") }});
# - the environment variables `AZURE_OPENAI_ENDPOINT`, `AZURE_SUBSCRIPTION_ID` and `AZURE_RESOURCE_GROUP`, set before Jupyter starts;
# - a sign-in with `az login`. You may also put a key into `AZURE_OPENAI_API_KEY` for files, jobs and chats, but deploying and deleting deployments need the sign-in. A key never goes into a cell: notebooks get shared.
#
# **On Azure Databricks** you also need a workspace (Premium or trial), with serverless compute or a single-node ML runtime cluster. A small node such as `Standard_D4ds_v5` without Photon is enough, because the training happens in Azure OpenAI and not on your cluster.

# %% [markdown] tags=["databricks"]
# Install the kit first. The cell takes it from the Git folder that this notebook lies in and puts it beside the packages of the runtime. If your notebook lies somewhere else, write the path of the kit's wheel in place of `../..`.

# %% tags=["databricks"]
# %pip install --quiet ../..

# %% tags=["parameters"]
locale = "en"  # language of the data and of the messages
backend = "simulator"  # "azure" runs the same cells on your subscription
model = "gpt-oss-20b"  # base model that you start from
training_file = ""  # path of your own JSONL file; empty: the Brisa conversations
validation_file = ""  # path of your own JSONL file; empty: the Brisa conversations
n_epochs = 3  # how often the job goes through the training file
seed = 105  # the same seed shuffles the examples in the same order
suffix = "brisa"  # part of the names of your model and its deployments; at most 18 characters
training_type = "GlobalStandard"  # where Azure may train; others keep the data in a zone or region
existing_customer = False  # True if you trained this model here before it closed to new customers
budget = 5.0  # in US dollars: the lab stops before it would spend more; -1 for no limit
scenario = "happy"  # simulator only: name of a scenario in which things go wrong
pace = 0.0  # simulator only: real seconds for each simulated minute
catalog = "main"  # Databricks only: catalog of the volume for results
schema = "default"  # Databricks only: schema of that volume
secret_scope = ""  # Databricks only: secret scope that holds the key
models_file = ""  # path of a TOML file with models of your own, like kit/azure/models.toml

# %% [markdown]
# ## 1. Set up
#
# This cell brings up the simulator, or reads your Azure settings, and chooses the language of everything the notebook prints.

# %%
from kit import lab

lab.start("fine-tune", globals())

# %% [markdown]
# ## 2. Connect
#
# One client is enough for files, jobs and chats. `base_url` decides who answers, Azure or the simulator. Nothing else in the notebook changes.

# %%
from openai import OpenAI

connection = lab.connect()
client = OpenAI(base_url=connection.base_url, api_key=connection.api_key)

# %% [markdown]
# Models come and go, and a job on a retired model fails after you have waited for it. So look the model up first. The table below comes from a data file with a source and a date for every figure; if your model can no longer be trained, the cell stops and names one that can.

# %%
base = lab.base_model(model, training_type, existing_customer=existing_customer)

# %% [markdown]
# ## 3. Get the data
#
# A training file is JSONL: one JSON object per line, each with the `messages` of one conversation. The last message is the answer that the model should learn. The validation file has the same form; its conversations are kept out of training, so they show how the model does on questions it has never seen.

# %%
training_path = lab.data_file(training_file, "support-train.jsonl")
validation_path = lab.data_file(validation_file, "support-validation.jsonl")
training, validation = lab.read(training_path), lab.read(validation_path)
lab.show_conversation(training[0])

# %% [markdown]
# Look at the answer once more before you go on. It gets straight to the point, without a greeting. Then comes one next step. Then the team says goodbye in its own way. All the team's answers are built like that, and nobody has written the rule down anywhere: the model has to find it in the examples.
#
# Results that should outlive the notebook go into a folder: on Databricks a Unity Catalog volume, elsewhere a folder on your disk.

# %%
results_folder = lab.volume(catalog, schema)

# %% [markdown]
# ## 4. Check the data and its cost
#
# The service checks your file only after the upload, and there are mistakes it does not look for: the same question twice, or a validation question that also appears in the training file. The second is worse. The model would look good for having memorized the answer.

# %%
lab.validate(training_path, validation_path)

# %% tags=["self-check"]
lab.check(
    _("No validation question appears in the training file."),
    lambda: bool(validation) and not lab.leaks(training, validation),
    hint=_("lab.leaks(training, validation) lists them. Take each one out of one of the two files."),
    more=_("Take it out of the training file if you can spare it there: the validation file is small."),
)

# %% [markdown]
# Models read text as **tokens**, pieces of words, and services bill by the token. The tokenizer belongs to the model: count with the wrong one and every figure after it is wrong. Here are the pieces of one sentence.

# %%
import tiktoken

encoding = tiktoken.get_encoding(base.encoding)
sentence = training[0]["messages"][-1]["content"].splitlines()[0]
" | ".join(encoding.decode([token]) for token in encoding.encode_ordinary(sentence))

# %% [markdown]
# A conversation takes a few tokens more than its texts alone, because the model also has to be told who is speaking. `count_tokens` adds them. All tokens of an example are billed, but the model learns only from the assistant's.

# %%
total_tokens, assistant_tokens = lab.count_tokens(training, model)
lab.token_histogram(total_tokens, assistant_tokens, base.context_limit)

# %% [markdown]
# A model has a limit on the length of a training example. A longer one is cut off at the end, and in a conversation the end is exactly the part you want the model to learn. Where the table knows no limit, stay below {{ number(8192) }} tokens to be safe.

# %% tags=["self-check"]
lab.check(
    _("No training example is longer than the model can take."),
    lambda: 0 < max(total_tokens) <= (base.context_limit or 8192),
    hint=_("Shorten or split the longest examples, or choose a model with a higher limit."),
    more=_("training[total_tokens.index(max(total_tokens))] is the longest one."),
)

# %% [markdown]
# **Exercise 1.** The course has these conversations in {{ languages() }}. In which language do they need the most tokens? Guess: put its identifier, such as `"en"` for English, in place of `None`. Then run this cell and the next two; the table shows the identifiers in parentheses.

# %% tags=["exercise"]
my_guess = None

# %% tags=["solution"]
my_guess = "fr"

# %%
comparison = lab.languages_compared("support-train.jsonl", model)
comparison

# %% tags=["self-check"]
lab.check(
    _("You found the language that needs the most tokens."),
    lambda: None if my_guess is None else my_guess == lab.most_tokens("support-train.jsonl", model),
    hint=_(
        "Compare the figures in the table, put the identifier into my_guess, run that cell, and then this one again."
    ),
    more=_("The identifier stands in parentheses after the language's name; write it in quotation marks."),
)

# %% [markdown] tags=["instructor"]
# **Teaching note.** Most learners guess Chinese. With the older tokenizer `cl100k_base` they would be right; `o200k_base` has whole Chinese words among its entries. Ask what follows for a team that pays per token and works in several languages.

# %% [markdown]
# What will the job cost? The tokens of the training file, times the **epochs** (passes through the file), times the price per token: you know all three before you spend anything. The next cell adds what follows, hosting and questions, and holds the sum against your `budget`. If the budget is too small, the cell stops, while that still costs nothing. On the simulator nothing is ever paid; the figures are for practice.

# %%
cost = lab.estimate(base, sum(total_tokens), n_epochs, training_type)
print(_(f"Tokens to be billed: {lab.number(cost.billed_tokens)}"))
capacity = 10  # thousands of tokens per minute
max_tokens = 1000  # tokens in the longest answer
plan = lab.preflight(base, cost, validation, max_tokens=max_tokens, capacity=capacity)
plan

# %% [markdown]
# Compare the first two lines. Training is paid once, and for a small file it is a matter of cents. Hosting is paid by the hour, whether anybody asks the model anything or not. A forgotten deployment is the usual reason for a surprising bill, so this notebook ends with a step that deletes it.

# %% [markdown]
# ## 5. Upload the files
#
# `client.files.create` uploads a file. `lab.once` notes in a **ledger** what was created, so that running the cell twice, or on Azure even a week later, does not upload it twice. The ledger lies outside the notebook: it survives a closed laptop and a kernel that died.
#
# Two habits protect you where the ledger alone could not. `lab.marked` puts a fingerprint of the content into the file's name, by which the file can be found again. And `max_retries=0` tells the client not to repeat a request by itself: if only the *answer* got lost on its way, a second request would create a second file, or start, and bill, a second job. So `lab.once` looks first and only then tries again.

# %%
creator = client.with_options(max_retries=0)


def upload(path):
    named = (lab.marked(path), path.read_bytes())
    return creator.files.create(file=named, purpose="fine-tune")


training_upload = lab.once("file", training_path, create=lambda: upload(training_path))
validation_upload = lab.once("file", validation_path, create=lambda: upload(validation_path))

# %% [markdown]
# An uploaded file is not ready at once: the service reads and checks it first.

# %%
for uploaded in (training_upload, validation_upload):
    ready = lab.wait(client.files.retrieve, uploaded.id)
    print(ready.filename, ready.id, ready.status, sep="  ")

# %% [markdown]
# ## 6. Start the job
#
# The job takes the ids of both files, the base model and the number of epochs. Batch size and learning rate are left to the service, which chooses them based on the size of the file.
#
# One argument deserves a closer look. `seed` fixes the order in which the examples are shuffled. With the same seed and the same data you get nearly the same model again; without it, part of the difference between two jobs is just a different shuffle.

# %%
recipe = {
    "model": base.identifier,
    "training_file": training_upload.id,
    "validation_file": validation_upload.id,
    "suffix": suffix,
    "seed": seed,
}


def submit(epochs):
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": epochs}}}
    place = {"trainingType": training_type}
    return creator.fine_tuning.jobs.create(**recipe, method=method, extra_body=place)


def facts(epochs):
    return {**recipe, "n_epochs": epochs, "trainingType": training_type}


job = lab.once("job", facts(n_epochs), create=lambda: submit(n_epochs), cost=cost.training)
print(job.id, job.status, sep="  ")

# %% [markdown]
# `facts` lists the settings that tell this job from every other, so that it is recognized when the notebook runs again. And `cost` is checked against your `budget` once more, at the moment of the purchase: if it is more than what is left, the cell stops and no job starts.

# %% [markdown]
# ## 7. Watch it
#
# A real job waits in a queue and then trains; an hour or more is normal. You may close the notebook meanwhile, because the job does not run in it. When you come back, run the notebook again from the top: it finds the files and the job in its ledger and goes on watching. (The simulator ends with the notebook and starts afresh.)
#
# A job ends as `succeeded`, `failed` or `cancelled`. In the last two cases the next cell stops and tells you the service's reason. On the simulator an hour passes in seconds; if you want to see it move, set `pace` to `1.0` in the first code cell and run the notebook again from there.

# %%
job = lab.watch_job(client, job.id)

# %% [markdown]
# The service keeps a log of every job. It lists the newest entry first, so the cell reverses the newest eight. The line about hours is part of the log; this job is priced by tokens, as computed in step 4.

# %%
events = client.fine_tuning.jobs.list_events(job.id, limit=8).data
for event in reversed(events):
    print(event.message)

# %% tags=["self-check"]
lab.check(
    _("The job succeeded and left a tuned model."),
    lambda: job.status == "succeeded" and bool(client.models.retrieve(job.fine_tuned_model)),
    hint=_("Read the last line above: it names the reason."),
    more=_("client.fine_tuning.jobs.retrieve(job.id).error is what the service itself says."),
)

# %% [markdown]
# ## 8. Read the results
#
# Every job leaves a results file with the loss of each training step. **Loss** says how surprised the model was by the right next token: the lower, the better. **Token accuracy** is the share of tokens it would have got right. A **step** is one update of the model from one batch of examples. The validation line comes from a small batch at each step and jumps about; the dots use all validation examples at the end of each epoch, and they are the ones to trust.

# %%
results = client.files.content(job.result_files[0]).text
(results_folder / "results.csv").write_text(results, encoding="utf-8")
curves = lab.read_results(results)
lab.loss_curves(curves)

# %% [markdown]
# Compare training with validation. Both falling means that the model learns something that also helps with new questions. Training loss falling while validation loss rises means that it has begun to learn the examples by heart: **overfitting**. If both are still falling at the end, another epoch may help.
#
# The service keeps a **checkpoint**, a copy of the model, at the end of each of the last three epochs. Each one can be deployed like a model.

# %%
checkpoints = client.fine_tuning.jobs.checkpoints.list(job.id).data
rows = []
for each in checkpoints:
    loss = lab.number(each.metrics.full_valid_loss, 3)
    rows.append([each.step_number, loss, each.fine_tuned_model_checkpoint])
lab.table([_("Step"), _("Full validation loss"), _("Checkpoint")], rows)

# %% [markdown]
# **Exercise 2.** Which checkpoint would you deploy? Put its name into `best_checkpoint`, taken from `checkpoints` with code and not with the mouse: a name that is copied by hand will be the wrong one after the next run. (The next step deploys the last checkpoint, whichever you choose.)

# %% tags=["exercise"]
best_checkpoint = None

# %% tags=["solution"]
best = min(checkpoints, key=lambda each: each.metrics.full_valid_loss)
best_checkpoint = best.fine_tuned_model_checkpoint


# %% tags=["self-check"]
def has_lowest_loss(name):
    loss = {each.fine_tuned_model_checkpoint: each.metrics.full_valid_loss for each in checkpoints}
    return name in loss and loss[name] == min(loss.values())


lab.check(
    _("You chose the checkpoint with the lowest loss on all validation examples."),
    lambda: None if best_checkpoint is None else has_lowest_loss(best_checkpoint),
    hint=_("Use min() with a key that looks at metrics.full_valid_loss, and take the name of what it finds."),
    more=_(
        "min(checkpoints, key=lambda each: …) gives a checkpoint; its name is fine_tuned_model_checkpoint."
    ),
)

# %% [markdown] tags=["instructor"]
# **Teaching note.** Many learners take the last checkpoint without looking, because more training sounds better. With the course's data they happen to be right; in step 11 they would be wrong. The differences are small here; ask how small a difference has to be before it may be luck. Expect a question about ties: the table shows three decimal places, and the check compares all that the service reports.

# %% [markdown]
# ## 9. Deploy both models
#
# A tuned model answers only after it has been deployed, and a deployment belongs to Azure Resource Manager, which has a client of its own.
#
# A comparison needs a second model. The best one is the base itself. Azure does not offer every base untuned, though; for `gpt-oss-20b` the model table names its bigger sibling instead, which makes the test harder for yours. On the simulator every untuned model is the same tiny one, which knows only a few everyday sentences: expect answers that have little to do with the question.

# %%
from functools import partial

from azure.mgmt.cognitiveservices import CognitiveServicesManagementClient
from azure.mgmt.cognitiveservices.models import Deployment, DeploymentModel
from azure.mgmt.cognitiveservices.models import DeploymentProperties, Sku

management = CognitiveServicesManagementClient(**connection.management())
account = (connection.resource_group, connection.account)


# %%
def deploy(name, source):
    sku = Sku(name="GlobalStandard", capacity=capacity)
    properties = DeploymentProperties(model=source)
    deployment = Deployment(sku=sku, properties=properties, tags=lab.tags())
    return management.deployments.begin_create_or_update(*account, name, deployment).result()


other = lab.comparison_model(base)
untuned = DeploymentModel(format=other.format, name=other.name, version=other.version)
tuned = DeploymentModel(format=base.format, name=job.fine_tuned_model, version="1")
base_deployment, tuned_deployment = f"{suffix}-base", f"{suffix}-tuned"
for name, source, rent in (
    (base_deployment, untuned, 0),
    (tuned_deployment, tuned, cost.hosting_per_hour),
):
    create = partial(deploy, name, source)
    lab.once("deployment", name, source.name, create=create, per_hour=rent)

# %% [markdown]
# `.result()` waits until Azure has provisioned the deployment, which takes minutes there. Notice that the name of the tuned model came from `job.fine_tuned_model`; nobody had to type it.


# %% tags=["self-check"]
def is_ready(name):
    shown = management.deployments.get(*account, name).properties
    return shown.provisioning_state == "Succeeded" and shown.model.name == job.fine_tuned_model


lab.check(
    _("The tuned model is deployed and ready to answer."),
    lambda: is_ready(tuned_deployment),
    hint=_("Run the cell with deploy(…) again and wait for it to end."),
    more=_("[each.name for each in management.deployments.list(*account)] lists what there is."),
)

# %% [markdown]
# ## 10. Is it better?
#
# First a single customer, streamed: the answer arrives piece by piece, as in a chat window.

# %%
questions = [example["messages"][:-1] for example in validation]
references = [example["messages"][-1]["content"] for example in validation]
stream = client.chat.completions.create(
    model=tuned_deployment, messages=questions[0], temperature=0, stream=True
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)

# %% [markdown]
# One good answer proves nothing. Ask both models all the validation questions, the same ones in the same words. With `temperature=0` a model picks the most likely token at every step, so that you compare the models and not the luck of the draw.


# %%
def answer(deployment, messages):
    reply = client.chat.completions.create(
        model=deployment, messages=messages, temperature=0, max_tokens=max_tokens
    )
    return reply.choices[0].message.content or ""


lab.budget().spend(plan.answering, _("Questions to both models"))
base_answers = [answer(base_deployment, messages) for messages in questions]
tuned_answers = [answer(tuned_deployment, messages) for messages in questions]
lab.side_by_side(questions, base_answers, tuned_answers, references)

# %% [markdown]
# Now put numbers on what you see, with two measures:
#
# - **Similarity.** chrF compares the character sequences of an answer with those of the answer a person wrote, from {{ number(0) }} to {{ number(100) }}. It works in every language, Chinese included, and it knows nothing about truth: an answer can be similar and wrong.
# - **House style.** The share of answers that end the way the team's answers most often end.

# %%
from collections import Counter

from sacrebleu.metrics import CHRF

team_answers = [example["messages"][-1]["content"] for example in training]
sign_off = Counter(text.splitlines()[-1] for text in team_answers).most_common(1)[0][0]


def similarity(answers):
    return CHRF().corpus_score(answers, [references]).score


def house_style(answers):
    return sum(text.endswith(sign_off) for text in answers) / len(answers)


base_scores = [similarity(base_answers), 100 * house_style(base_answers)]
tuned_scores = [similarity(tuned_answers), 100 * house_style(tuned_answers)]
lab.score_bars(base_scores, tuned_scores, [_("Similarity (chrF)"), _("House style (%)")])

# %% tags=["self-check"]
lab.check(
    _("The tuned model's answers are closer to the team's than the untuned model's."),
    lambda: len(tuned_answers) == len(questions) and tuned_scores[0] > base_scores[0],
    hint=_("Compare the answers side by side. With very few or unrelated examples there is little to learn."),
    more=_("Look at the curves of step 8: if both were still falling at the end, try more epochs."),
)

# %% [markdown]
# Be careful with what the numbers say. {{ number(24) }} questions are few, and they are the validation questions: as soon as you choose epochs or a checkpoint by them, you need new questions for a score that you report, as in the lab **evaluate**. Besides, the style is the easy part: nobody told the untuned model how to sign off, and the shared sign-off raises the similarity, too. A stricter test would describe the style in the system message for both models. Read a handful of the answers as a customer would: does the advice fit the question? No similarity score can tell you that.

# %% [markdown]
# ## 11. Your turn
#
# **Exercise 3.** What happens if the job goes through the same {{ number(72) }} conversations twenty times? Write down what you expect of the two curves. Then put `20` in place of `None` and run this cell and the next two. On Azure this starts a second job, at about seven times the price you computed in step 4; on the simulator it is free.

# %% tags=["exercise"]
my_epochs = None

# %% tags=["solution"]
my_epochs = 20

# %%
if my_epochs:
    price = lab.estimate(base, sum(total_tokens), my_epochs, training_type).training
    second_job = lab.once("job", facts(my_epochs), create=lambda: submit(my_epochs), cost=price)
    second_job = lab.watch_job(client, second_job.id)
    second_curves = lab.read_results(client.files.content(second_job.result_files[0]).text)
    display(lab.loss_curves(second_curves))


# %% tags=["self-check"]
def has_risen(curves):
    whole = [row["full_valid_loss"] for row in curves if row["full_valid_loss"] is not None]
    return whole[-1] > min(whole)


lab.check(
    _("Your second job trained for so long that its validation loss rose again."),
    lambda: has_risen(second_curves) if my_epochs else None,
    hint=_("Train for more epochs and look for the point where the validation loss turns upwards."),
    more=_("The dots are the losses on all validation examples, one at the end of each epoch."),
)

# %% [markdown] tags=["instructor"]
# **Teaching note.** Let learners commit to a prediction before the curve appears; the lesson is in the difference. The training loss keeps falling, while the validation loss reaches its lowest point early and climbs again. The usual mistake is to read the training curve alone and to call the longer job a success.

# %% [markdown]
# **More to try**
#
# - Write a worse training file: remove the sign-off from half of the answers, save it, and pass its path as `training_file`. How does the validation loss react, and what does the tuned model do?
# - Deploy the first checkpoint instead of the last one and compare the scores.
# - Bring ten conversations of your own. Is that enough?
# - Practise trouble while it is free: set `scenario` to `"throttled"`, `"flaky"`, `"failed-job"`, `"slow"`, `"retired"` or `"content-filter"` and run the notebook again from the top. The set-up cell says what to expect and what helps.

# %% [markdown]
# ## 12. Clean up
#
# The deployment of a tuned model costs money by the hour, files take up your quota, and a tuned model without a deployment is free but stays visible to everybody who uses the resource. Delete all of it, the deployments first, because a model that is deployed cannot be deleted. `lab.created` reads the names from the ledger, so the exercises are included.

# %%
for name in lab.created("deployment"):
    management.deployments.begin_delete(*account, name).result()
for name in lab.created("model"):
    client.models.delete(name)
for file_id in lab.created("file"):
    client.files.delete(file_id)

# %% [markdown]
# Trust the service, not your memory: the next cell asks it for everything the notebook has created. The list should be empty. If the notebook ever stops before it gets here, `kit cleanup` in a terminal does the same, and `kit resources` lists what is there.

# %%
left = lab.remaining()
left

# %% tags=["self-check"]
lab.check(
    _("Nothing that could be billed is left."),
    lambda: not (left.rows or lab.remaining().rows),
    hint=_("Run the cells of this step again; a deletion can take a minute to show."),
    more=_("“kit cleanup” in a terminal tries each deletion several times and says what is in its way."),
)

# %%
lab.finish()

# %% [markdown]
# ## What you did
#
# You checked a data set, priced a job before you started it, trained a model, and compared it with an untuned one on questions that neither had seen. Then you left the place as you had found it. With your own conversations the steps are the same; put their paths into `training_file` and `validation_file`.
#
# **Read on:** [fine-tuning with Azure OpenAI]({{ doc("fine-tuning") }}) · [what fine-tuning costs]({{ doc("fine-tuning-cost") }}) · [which models retire when]({{ doc("model-retirements") }})
